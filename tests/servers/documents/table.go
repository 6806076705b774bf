package main

import "strings"

const (
	one     = "01J9ZK3M7Q8T5V6W7X8Y9Z0A1B"
	another = "01J9ZA00000000000000000001"
)

// Where each member that Thanos decodes stands, `@` in place of its value. `ulid` and `version` come before.
var members = []string{
	`"minTime":@`,
	`"maxTime":@`,
	`"stats":@`,
	`"stats":{"numSamples":@}`,
	`"stats":{"numFloatSamples":@}`,
	`"stats":{"numHistogramSamples":@}`,
	`"stats":{"numSeries":@}`,
	`"stats":{"numChunks":@}`,
	`"stats":{"numTombstones":@}`,
	`"compaction":@`,
	`"compaction":{"level":@}`,
	`"compaction":{"sources":@}`,
	`"compaction":{"sources":[@]}`,
	`"compaction":{"deletable":@}`,
	`"compaction":{"parents":@}`,
	`"compaction":{"parents":[@]}`,
	`"compaction":{"parents":[{"ulid":@}]}`,
	`"compaction":{"parents":[{"minTime":@}]}`,
	`"compaction":{"parents":[{"maxTime":@}]}`,
	`"compaction":{"failed":@}`,
	`"compaction":{"hints":@}`,
	`"compaction":{"hints":[@]}`,
	`"thanos":@`,
	`"thanos":{"version":@}`,
	`"thanos":{"labels":@}`,
	`"thanos":{"labels":{"a":@}}`,
	`"thanos":{"downsample":@}`,
	`"thanos":{"downsample":{"resolution":@}}`,
	`"thanos":{"source":@}`,
	`"thanos":{"segment_files":@}`,
	`"thanos":{"segment_files":[@]}`,
	`"thanos":{"files":@}`,
	`"thanos":{"files":[@]}`,
	`"thanos":{"files":[{"rel_path":@}]}`,
	`"thanos":{"files":[{"rel_path":"index","size_bytes":@}]}`,
	`"thanos":{"files":[{"rel_path":"index","hash":@}]}`,
	`"thanos":{"files":[{"rel_path":"index","hash":{"hashFunc":@}}]}`,
	`"thanos":{"files":[{"rel_path":"index","hash":{"value":@}}]}`,
	`"thanos":{"rewrites":@}`,
	`"thanos":{"rewrites":[@]}`,
	`"thanos":{"rewrites":[{"sources":@}]}`,
	`"thanos":{"rewrites":[{"sources":[@]}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":@}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":[@]}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":[{"matchers":@}]}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":[{"matchers":[@]}]}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":[{"matchers":[{"Type":@}]}]}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":[{"matchers":[{"Name":@}]}]}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":[{"matchers":[{"Value":@}]}]}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":[{"intervals":@}]}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":[{"intervals":[@]}]}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":[{"intervals":[{"Mint":@}]}]}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":[{"intervals":[{"Maxt":@}]}]}]}`,
	`"thanos":{"rewrites":[{"deletions_applied":[{"request_id":@}]}]}`,
	`"thanos":{"rewrites":[{"relabels_applied":@}]}`,
	`"thanos":{"rewrites":[{"relabels_applied":[@]}]}`,
	`"thanos":{"rewrites":[{"relabels_applied":[{"source_labels":@}]}]}`,
	`"thanos":{"rewrites":[{"relabels_applied":[{"source_labels":[@]}]}]}`,
	`"thanos":{"rewrites":[{"relabels_applied":[{"separator":@}]}]}`,
	`"thanos":{"rewrites":[{"relabels_applied":[{"regex":@}]}]}`,
	`"thanos":{"rewrites":[{"relabels_applied":[{"modulus":@}]}]}`,
	`"thanos":{"rewrites":[{"relabels_applied":[{"target_label":@}]}]}`,
	`"thanos":{"rewrites":[{"relabels_applied":[{"replacement":@}]}]}`,
	`"thanos":{"rewrites":[{"relabels_applied":[{"action":@}]}]}`,
	`"thanos":{"rewrites":[{"relabels_applied":[{"NameValidationScheme":@}]}]}`,
	`"thanos":{"index_stats":@}`,
	`"thanos":{"index_stats":{"series_max_size":@}}`,
	`"thanos":{"index_stats":{"chunk_max_size":@}}`,
	`"thanos":{"extensions":@}`,
	`"thanos":{"upload_time":@}`,
	`"unknown":@`,
}

// A value of every type, and numbers at the edges.
var values = []string{
	`null`, `true`, `false`, `0`, `7`, `-7`, `-0`, `1.0`, `1e3`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775808`,
	`-9223372036854775809`, `18446744073709551615`, `18446744073709551616`, `1e400`, `""`, `"7"`, `"` + one + `"`, `[]`, `{}`, `[null]`, `[{}]`, `["a"]`,
}

// Values at which the member of that kind may stumble, and what it takes.
var special = map[string][]string{
	`ulid`: {
		`"` + another + `"`, `"01j9zk3m7q8t5v6w7x8y9z0a1b"`, `"01J9ZK3M7Q8T5V6W7X8Y9Z0A1"`, `"01J9ZK3M7Q8T5V6W7X8Y9Z0A1BC"`,
		`"81J9ZK3M7Q8T5V6W7X8Y9Z0A1B"`, `"7ZZZZZZZZZZZZZZZZZZZZZZZZZ"`, `"01I9ZK3M7Q8T5V6W7X8Y9Z0A1L"`, `"!1J9ZK3M7Q8T5V6W7X8Y9Z0A1."`,
		`"01J9ZK3M7Q8T5V6W7X8Y9Z0Aé"`, `"\u0030\u0031J9ZK3M7Q8T5V6W7X8Y9Z0A1B"`, `"01J9ZK3M7Q8T5V6W7X8Y9Z0\ud800"`,
		"\"01J9ZK3M7Q8T5V6W7X8Y9Z0\xff\"", "\"01J9ZK3M7Q8T5V6W7X8Y9Z01\xff\"", `"AAAAAAAAAAAAAAAAAAAAAAAAAA"`,
	},
	`upload_time`: {
		`"2025-01-06T02:00:00Z"`, `"0001-01-01T00:00:00Z"`, `"2025-01-06T02:00:00.123456789+02:00"`, `"2025-01-06T02:00:00,5Z"`,
		`"2025-01-06T2:00:00Z"`, `"2025-01-06T02:00:00+24:60"`, `"2025-01-06T02:00:00+25:00"`, `"2025-01-06t02:00:00Z"`, `"2025-01-06T02:00:00z"`,
		`"2025-01-06 02:00:00Z"`, `"2025-01-06T02:00:00"`, `"2025-02-29T00:00:00Z"`, `"2024-02-29T00:00:00Z"`, `"2025-01-06T24:00:00Z"`,
		`"2025-01-06T23:59:60Z"`, `"2025-01-06T02:00Z"`, `"2025-01-06"`, `"2025-1-06T02:00:00Z"`, `"10000-01-01T00:00:00Z"`, `"2025-01-06T02:00:00.Z"`,
		`"\u0032025-01-06T02:00:00Z"`, `"2025-01-06T02:00:00Z "`, `"9999-12-31T23:59:59.999999999-24:60"`, `"0000-01-01T00:00:00+24:60"`,
		`"2025-01-06T02:00:00.12345678901234567890Z"`, `"é"`, `1736128800`,
	},
	`regex`: {
		`"("`, `"[a-"`, `"a**"`, `"(?P<n>a)"`, `"(?<n>a)"`, `"(?<n>a)(?<n>b)"`, `"(?=a)"`, `"\\pL"`, `"\\p{Foo}"`, `"a{1000}"`, `"a{1001}"`, `"x{2,1}"`,
		`")("`, `"*"`, `"\\Qa\\E"`, `"\\8"`, `"é+"`, `"\ud800"`, `"(a{100}){11}"`, `"[[:alpha:]]"`, `"[[:foo:]]"`, `"\\C"`, `"(?i)*"`, `"a(?i)*"`, `"a*(?i)*"`, `"\\Q\\E+"`, `"a\\Q\\E+"`,
	},
	`source_labels`: {`"le"`, `"1"`, `"é"`, `" "`, `"\u0000"`, `"a","b"`},
	`extensions`: {
		`{"a":1e400}`, `{"a":[{"b":"1e400","c":-1e-400}]}`, `[1e308,1e309]`, `1.7976931348623158e308`, `1.7976931348623159e308`, `"1e400"`, `{"1e400":1}`,
		`{"parquet_migrated":{"a":1}}`, `[[[[[]]]]]`, `{"a":"\"1e400,"}`, `{"a":-1E+400}`,
	},
	`rel_path`: {`"chunks/000001"`, `"index"`},
	`labels`:   {`{"a":"b","a":"c"}`, `{"a":"b","A":"c"}`, `{"":"x"}`, `{"a":null}`, `{"a":1}`, "{\"\xff\":\"\xe2\x82\"}", `{"\ud800":"\udc00\ud800"}`, `{"\ud83d\ude00":"\uD83D\uDE00"}`},
}

func table() {
	for _, member := range members {
		for _, value := range values {
			place(member, value)
		}
	}
	for _, value := range append(values, special["ulid"]...) {
		answer("meta", "ulid", `{"ulid":`+value+`,"version":1}`)
		answer("deletion-mark", "id", `{"id":`+value+`,"version":1,"deletion_time":5}`)
		place(`"compaction":{"sources":[@]}`, value)
		place(`"compaction":{"parents":[{"ulid":@}]}`, value)
		place(`"thanos":{"rewrites":[{"sources":[@]}]}`, value)
	}
	for _, value := range values {
		answer("meta", "version", `{"ulid":"`+one+`","version":`+value+`}`)
		for _, name := range []string{"version", "details", "deletion_time"} {
			answer("deletion-mark", name, `{"id":"`+one+`","version":1,"`+name+`":`+value+`}`)
		}
		for _, name := range []string{"id", "version", "details", "no_compact_time", "reason"} {
			answer("no-compact-mark", name, `{"id":"`+one+`","version":1,"`+name+`":`+value+`}`)
		}
		for _, name := range []string{"id", "version", "details", "no_downsample_time", "reason"} {
			answer("no-downsample-mark", name, `{"id":"`+one+`","version":1,"`+name+`":`+value+`}`)
		}
	}
	for _, value := range special["upload_time"] {
		place(`"thanos":{"upload_time":@}`, value)
	}
	for _, value := range special["regex"] {
		place(`"thanos":{"rewrites":[{"relabels_applied":[{"regex":@}]}]}`, value)
	}
	for _, value := range special["source_labels"] {
		place(`"thanos":{"rewrites":[{"relabels_applied":[{"source_labels":[@]}]}]}`, value)
	}
	for _, value := range special["extensions"] {
		place(`"thanos":{"extensions":@}`, value)
	}
	for _, value := range special["rel_path"] {
		place(`"thanos":{"files":[{"rel_path":@}]}`, value)
	}
	for _, value := range special["labels"] {
		place(`"thanos":{"labels":@}`, value)
	}
	for _, inside := range inside {
		answer("meta", "", `{"ulid":"`+one+`","version":1,`+inside+`}`)
	}
	for _, whole := range documents() {
		answer("meta", "the whole document", whole)
		answer("deletion-mark", "the whole document", strings.ReplaceAll(whole, `"ulid"`, `"id"`))
		answer("no-compact-mark", "the whole document", strings.ReplaceAll(whole, `"ulid"`, `"id"`))
	}
}

func place(member, value string) {
	path, _, _ := strings.Cut(member, "@")
	answer("meta", strings.NewReplacer(`"`, "", "{", "", "[", "", ":", ".").Replace(path), `{"ulid":"`+one+`","version":1,`+strings.ReplaceAll(member, "@", value)+`}`)
}
