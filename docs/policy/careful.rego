# The built-in rules (nimbus.rego, which is loaded beside it), and more: nobody removes or rewrites a release,
# history is rewritten in office hours only, and robots push from the machines' own network alone.
#
#	opa run --server --addr 127.0.0.1:8181 nimbus.rego careful.rego
#	NIMBUS_POLICY=opa+http://127.0.0.1:8181/v1/data/careful/allow nimbus serve
package careful

default allow := false

allow if {
	data.nimbus.allow
	not forbidden
}

forbidden if {
	input.operation in {"ref.delete", "ref.force"}
	startswith(input.ref.name, "refs/heads/release/")
}

forbidden if {
	input.operation == "ref.force"
	not office_hours
}

forbidden if {
	input.operation == "repository.push"
	input.principal.credential in {"token", "key"}
	not net.cidr_contains("10.0.0.0/8", input.source_address)
	not net.cidr_contains("127.0.0.0/8", input.source_address)
}

# From Monday to Friday, from 8 to 18 o'clock, UTC.
office_hours if {
	now := time.parse_rfc3339_ns(input.time)
	not time.weekday(now) in {"Saturday", "Sunday"}
	[hour, _, _] := time.clock(now)
	hour >= 8
	hour < 18
}

allow_each := [answer |
	some question in input.each
	answer := allow with input as object.union(object.remove(input, ["each"]), question)
]
