package main

import (
	"math/rand"
	"strings"
)

// Pieces of JSON at which decoders differ.
var pieces = append([]string{
	`"thanos":{`, `"THANOS":{`, `"files":[`, `"labels":{"a":null},`, `"minTime":7,`, `"\u006dinTime":8,`, `"compaction":{"sources":[null]},`, `"stats":null,`,
	`"size_bytes":-1,`, `"hash":{"hashFunc":"SHA256"},`, `"rewrites":[{}],`, `"extensions":1e400,`, `"upload_time":null,`, `"version":1,`, `\ud800`, `\u0000`, `\`,
	"\xff", "\xe2\x82", "\x1f", "ſ", "K", "}", "]", "{", "[", ",", ":", `"`, "\n", " ", "-", "0", ".", "e1", `"index_stats":{"chunk_max_size":"7"},`,
}, values...)

// One to three random changes, of which about half leave a file that Thanos takes.
func change(random *rand.Rand, text string) string {
	for range 1 + random.Intn(3) {
		tokens := tokens(text)
		at := random.Intn(len(tokens))
		piece := pieces[random.Intn(len(pieces))]
		switch random.Intn(12) {
		case 0: // another value
			if value := randomValue(random, tokens); value >= 0 {
				tokens[value] = values[random.Intn(len(values))]
			}
		case 1, 2, 3: // another value of its type
			if value := randomValue(random, tokens); value >= 0 {
				tokens[value] = valueLike(random, tokens[value])
			}
		case 4: // a value of another member
			one, other := randomValue(random, tokens), randomValue(random, tokens)
			if one >= 0 {
				tokens[one] = tokens[other]
			}
		case 5, 6: // a member once more, somewhere
			if key := randomKey(random, tokens); key >= 0 {
				if end := valueEnd(tokens, key); end > 0 {
					place := randomKey(random, tokens)
					tokens[place] = strings.Join(tokens[key:end], "") + "," + tokens[place]
				}
			}
		case 7: // a part of the document once more
			end := min(at+1+random.Intn(12), len(tokens))
			tokens[at] = strings.Join(tokens[at:end], "") + tokens[at]
		case 8, 9: // a key in another spelling
			if key := randomKey(random, tokens); key >= 0 {
				tokens[key] = spelled(random, tokens[key])
			}
		case 10:
			tokens[at] = []string{"", piece + tokens[at]}[random.Intn(2)]
		case 11: // another byte
			bytes := []byte(tokens[at])
			if len(bytes) > 0 {
				bytes[random.Intn(len(bytes))] = byte(random.Intn(256))
			}
			tokens[at] = string(bytes)
		}
		text = strings.Join(tokens, "")
		if text == "" {
			text = "{}"
		}
	}
	return text
}

func valueLike(random *rand.Rand, value string) string {
	alike := []string{`null`}
	for _, other := range append([]string{`"` + another + `"`, `"\ud800"`, `"é\n\"\\"`, `"chunks/000002"`}, values...) {
		isWord := !strings.ContainsAny(other[:1], "[{tfn")
		if isWord && (other[0] == '"') == (value[0] == '"') {
			alike = append(alike, other)
		}
	}
	return alike[random.Intn(len(alike))]
}

// Where the value of a key ends; 0 where it does not.
func valueEnd(tokens []string, key int) int {
	depth := 0
	for i := key + 2; i < len(tokens); i++ {
		switch tokens[i] {
		case "{", "[":
			depth++
		case "}", "]":
			depth--
		case "":
			return 0
		}
		if depth < 0 {
			return 0
		}
		if depth == 0 && strings.TrimSpace(tokens[i]) != "" {
			return i + 1
		}
	}
	return 0
}

func spelled(random *rand.Rand, key string) string {
	switch random.Intn(4) {
	case 0:
		return strings.ToUpper(key)
	case 1:
		return strings.ReplaceAll(key, "s", "ſ")
	case 2:
		return strings.ReplaceAll(key, "i", `\u0069`)
	}
	return strings.ReplaceAll(strings.ToUpper(key), "K", "\u212a")
}

func randomValue(random *rand.Rand, tokens []string) int {
	return pick(random, tokens, func(i int) bool {
		return tokens[i] != "" && strings.ContainsAny(tokens[i][:1], `"-0123456789tfn`) && !isKey(tokens, i)
	})
}

func randomKey(random *rand.Rand, tokens []string) int {
	return pick(random, tokens, func(i int) bool { return isKey(tokens, i) })
}

func pick(random *rand.Rand, tokens []string, wanted func(int) bool) int {
	var found []int
	for i := range tokens {
		if wanted(i) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return -1
	}
	return found[random.Intn(len(found))]
}

func isKey(tokens []string, i int) bool {
	return i+1 < len(tokens) && tokens[i] != "" && tokens[i][0] == '"' && tokens[i+1] == ":"
}

// Splits into strings, other words, and single characters; joined they are the text again.
func tokens(text string) []string {
	var all []string
	for text != "" {
		length := 1
		switch {
		case text[0] == '"':
			for length < len(text) && text[length] != '"' {
				if text[length] == '\\' {
					length++
				}
				length++
			}
			length = min(length+1, len(text))
		case word(text[0]):
			for length < len(text) && word(text[length]) {
				length++
			}
		}
		all = append(all, text[:length])
		text = text[length:]
	}
	return all
}

func word(letter byte) bool {
	return letter == '-' || letter == '+' || letter == '.' || letter >= '0' && letter <= '9' || letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z'
}
