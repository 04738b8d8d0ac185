# The rules that Nimbus Git has built in, as a policy for Open Policy Agent: with it everybody may do what they
# may without it. A place to start from.
#
#	opa run --server --addr 127.0.0.1:8181 nimbus.rego
#	NIMBUS_POLICY=opa+http://127.0.0.1:8181 nimbus serve
package nimbus

# One question: input is as proto/policy-input.schema.json says.
default allow := false

allow if {
	input.repository != null
	levels[input.operation] <= level
}

# One's own account: password, keys, sessions.
allow if {
	input.operation == "account.change"
	input.principal.username != null
	ranks[input.principal.limit] == 3
}

# Making repositories, knowing and changing people, reading the audit log.
allow if {
	input.operation == "instance.admin"
	input.principal.owner
	ranks[input.principal.limit] == 3
}

# Several questions of one person: an answer for each, in their order. Every policy needs this rule as it is.
allow_each := [answer |
	some question in input.each
	answer := allow with input as object.union(object.remove(input, ["each"]), question)
]

ranks := {"none": 0, "read": 1, "write": 2, "admin": 3}

# What an operation needs of a repository.
levels := {
	"repository.read": 1,
	"repository.fetch": 1,
	"repository.push": 2,
	"ref.create": 2,
	"ref.update": 2,
	"ref.force": 2,
	"ref.delete": 2,
	"repository.change": 3,
	"repository.delete": 3,
	"permission.change": 3,
}

# What they have of it: nobody more than their key's permission.
level := min({have, ranks[input.principal.limit]})

have := max(({ranks[input.granted]} | owned) | open)

owned := {3 | input.principal.owner}

open := {1 | input.repository.visibility == "public"}
