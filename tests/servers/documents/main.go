// Says how Thanos reads meta.json and marks: one JSON case a line, with the answer of Thanos' own types and Go's own decoder.
//
// Run in tests/servers. Without arguments it writes the cases of tests/golden/documents.jsonl. With a seed, a number and the names of real files
// it writes so many cases made of these files by random changes, which THANOS_BUCKET_GOLDEN=/tmp/cases.jsonl cargo test --test golden holds.
//
//	go run ./documents >../golden/documents.jsonl
//	go run ./documents 1 50000 ../fuzz/corpus/meta/*.json ../fuzz/corpus/mark/ours.json >/tmp/cases.jsonl
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"
	"github.com/thanos-io/thanos/pkg/block/metadata"
)

// A case, in the shape of tests/golden/cases.jsonl. `bytes` is given, in base 64, where the document is no text.
type testCase struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Input  string `json:"input,omitempty"`
	Bytes  []byte `json:"bytes,omitempty"`
	Expect string `json:"expect"`
	Detail string `json:"detail,omitempty"`
}

// What is compared of a meta.json; what is zero is left out.
type meta struct {
	ULID       string            `json:"ulid"`
	MinTime    int64             `json:"min_time,omitempty"`
	MaxTime    int64             `json:"max_time,omitempty"`
	Level      int               `json:"level,omitempty"`
	Sources    []string          `json:"sources,omitempty"`
	Series     uint64            `json:"series,omitempty"`
	Samples    uint64            `json:"samples,omitempty"`
	Chunks     uint64            `json:"chunks,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Resolution int64             `json:"resolution,omitempty"`
	Source     string            `json:"source,omitempty"`
	Rewritten  bool              `json:"rewritten,omitempty"`
	Segments   []string          `json:"segments,omitempty"`
	Files      []file            `json:"files,omitempty"`
}

type file struct {
	Path string `json:"path"`
	Size int64  `json:"size,omitempty"`
	Func string `json:"func,omitempty"`
	Hash string `json:"hash,omitempty"`
}

type mark struct {
	ID      string `json:"id"`
	Details string `json:"details,omitempty"`
	Time    int64  `json:"time,omitempty"`
}

// Thanos leaves out what it cannot decode, and every sync fails at what has another version.
const (
	refused = "refused"
	stops   = "stops"
)

func read(kind string, document []byte) (string, string) {
	switch kind {
	case "meta":
		var m metadata.Meta
		if err := json.Unmarshal(document, &m); err != nil {
			return refused, err.Error()
		}
		if m.Version != metadata.TSDBVersion1 {
			return stops, ""
		}
		return text(summary(&m)), ""
	case "deletion-mark":
		var m metadata.DeletionMark
		if err := json.Unmarshal(document, &m); err != nil {
			return refused, err.Error()
		}
		if m.Version != metadata.DeletionMarkVersion1 {
			return stops, ""
		}
		return text(mark{m.ID.String(), m.Details, m.DeletionTime}), ""
	case "no-compact-mark":
		var m metadata.NoCompactMark
		if err := json.Unmarshal(document, &m); err != nil {
			return refused, err.Error()
		}
		if m.Version != metadata.NoCompactMarkVersion1 {
			return stops, ""
		}
		return text(mark{m.ID.String(), m.Details, m.NoCompactTime}), ""
	case "no-downsample-mark":
		var m metadata.NoDownsampleMark
		if err := json.Unmarshal(document, &m); err != nil {
			return refused, err.Error()
		}
		if m.Version != metadata.NoDownsampleMarkVersion1 {
			return stops, ""
		}
		return text(mark{m.ID.String(), m.Details, m.NoDownsampleTime}), ""
	}
	panic("unknown kind " + kind)
}

func summary(m *metadata.Meta) meta {
	files := make([]file, 0, len(m.Thanos.Files))
	for _, f := range m.Thanos.Files {
		one := file{Path: f.RelPath, Size: f.SizeBytes}
		if f.Hash != nil {
			one.Func, one.Hash = string(f.Hash.Func), f.Hash.Value
		}
		files = append(files, one)
	}
	return meta{
		ULID:       m.ULID.String(),
		MinTime:    m.MinTime,
		MaxTime:    m.MaxTime,
		Level:      m.Compaction.Level,
		Sources:    ids(m.Compaction.Sources),
		Series:     m.Stats.NumSeries,
		Samples:    m.Stats.NumSamples,
		Chunks:     m.Stats.NumChunks,
		Labels:     m.Thanos.Labels,
		Resolution: m.Thanos.Downsample.Resolution,
		Source:     string(m.Thanos.Source),
		Rewritten:  len(m.Thanos.Rewrites) > 0,
		Segments:   m.Thanos.SegmentFiles,
		Files:      files,
	}
}

func ids(all []ulid.ULID) []string {
	texts := make([]string, 0, len(all))
	for _, id := range all {
		texts = append(texts, id.String())
	}
	return texts
}

func text(value any) string {
	bytes, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(bytes)
}

var (
	out     = bufio.NewWriter(os.Stdout)
	encoder = json.NewEncoder(out)
)

func answer(kind, name, document string) {
	expect, detail := read(kind, []byte(document))
	c := testCase{Kind: kind, Name: name, Expect: expect, Detail: detail}
	if utf8.ValidString(document) {
		c.Input = document
	} else {
		c.Bytes = []byte(document)
	}
	if err := encoder.Encode(c); err != nil {
		panic(err)
	}
}

func main() {
	defer out.Flush()
	encoder.SetEscapeHTML(false)
	if len(os.Args) == 1 {
		table()
		return
	}
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: documents [SEED NUMBER FILE...]")
		os.Exit(2)
	}
	seed, err := strconv.ParseInt(os.Args[1], 10, 64)
	if err != nil {
		panic(err)
	}
	number, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	changed(rand.New(rand.NewSource(seed)), number, os.Args[3:])
}

func changed(random *rand.Rand, number int, names []string) {
	originals := make([]string, 0, len(names))
	for _, name := range names {
		bytes, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		originals = append(originals, string(bytes))
	}
	for i := range number {
		which := random.Intn(len(originals))
		kind := "meta"
		if strings.Contains(names[which], "mark") {
			kind = "deletion-mark"
		}
		answer(kind, fmt.Sprintf("#%d of %s", i, names[which]), change(random, originals[which]))
	}
}
