# opa test docs/policy
package careful_test

question := {
	"nimbus": {"revision": 1},
	"principal": {
		"username": "anna", "owner": false, "credential": "password", "key_id": null, "limit": "admin",
		"subject": null, "groups": [],
	},
	"source_address": "192.0.2.7",
	"time": "2026-11-27T10:00:00Z",
	"operation": "ref.force",
	"repository": {"id": 1, "name": "site", "visibility": "private"},
	"granted": "write",
	"ref": {"name": "refs/heads/topic", "old": "11", "new": "22", "forced": true},
}

asked(changes) := object.union(question, changes)

test_history_is_rewritten_in_office_hours if {
	data.careful.allow with input as question
	not data.careful.allow with input as asked({"time": "2026-11-27T18:00:00Z"})
	not data.careful.allow with input as asked({"time": "2026-11-28T10:00:00Z"})
	not data.careful.allow with input as asked({"granted": "read"})
}

test_a_release_stays if {
	release := {"name": "refs/heads/release/1"}
	not data.careful.allow with input as asked({"ref": release})
	not data.careful.allow with input as asked({"ref": release, "operation": "ref.delete"})
	data.careful.allow with input as asked({"ref": release, "operation": "ref.update"})
}

test_robots_push_from_their_own_network if {
	push := {"operation": "repository.push", "ref": null, "principal": {"credential": "token"}}
	not data.careful.allow with input as asked(push)
	data.careful.allow with input as asked(object.union(push, {"source_address": "10.1.2.3"}))
}

test_many_are_answered_in_their_order if {
	answers := data.careful.allow_each with input as asked({"each": [
		{"operation": "repository.read"}, {"operation": "repository.delete"}, {"operation": "repository.fetch"},
	]})
	answers == [true, false, true]
}
