package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand"
	"os"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// A float of which every bit counts: sixteen digits, most significant first.
type bits float64

func (b bits) MarshalJSON() ([]byte, error) {
	return json.Marshal(fmt.Sprintf("%016x", math.Float64bits(float64(b))))
}

func (b *bits) UnmarshalJSON(text []byte) error {
	var digits string
	if err := json.Unmarshal(text, &digits); err != nil {
		return err
	}
	number, err := strconv.ParseUint(digits, 16, 64)
	*b = bits(math.Float64frombits(number))
	return err
}

// Samples of a series, and what becomes of them.
type encoded struct {
	Name    string         `json:"name"`
	Samples []toldSample   `json:"samples"`
	Chunks  []encodedChunk `json:"chunks"`
}

// One of Value, Integers and Floats is there.
type toldSample struct {
	At       int64          `json:"at"`
	Value    *bits          `json:"value,omitempty"`
	Integers *toldHistogram `json:"integers,omitempty"`
	Floats   *toldHistogram `json:"floats,omitempty"`
}

// Spans are pairs of offset and length. Counts of floats are bits.
type toldHistogram struct {
	Hint          uint8           `json:"hint"`
	Schema        int32           `json:"schema"`
	ZeroThreshold bits            `json:"zeroThreshold"`
	Sum           bits            `json:"sum"`
	PositiveSpans [][2]int64      `json:"positiveSpans"`
	NegativeSpans [][2]int64      `json:"negativeSpans"`
	CustomValues  []bits          `json:"customValues"`
	Count         json.RawMessage `json:"count"`
	ZeroCount     json.RawMessage `json:"zeroCount"`
	Positive      json.RawMessage `json:"positive"`
	Negative      json.RawMessage `json:"negative"`
}

type encodedChunk struct {
	Encoding uint8  `json:"encoding"`
	Min      int64  `json:"min"`
	Max      int64  `json:"max"`
	Data     string `json:"data"`
	// What is read from it; absent where these are numbers, which are read as they were written.
	Samples []toldSample `json:"samples,omitempty"`
}

// Encodes samples of many shapes: few that are always the same, or very many.
func (m *maker) chunks(seed int64) {
	var all []encoded
	add := func(name string, samples ...sample) {
		one := encoded{Name: name}
		for _, next := range samples {
			one.Samples = append(one.Samples, tell(next))
		}
		all = append(all, one)
	}
	if seed != 0 {
		m.random = rand.New(rand.NewSource(seed))
		for index := range 200 {
			add(fmt.Sprintf("wild %d", index), m.wild(1+m.random.Intn(300))...)
		}
		m.keepEncoded(all)
		return
	}
	for index, s := range m.floats(4, start, start+130*minute, minute) {
		add(fmt.Sprintf("floats %d", index), s.samples...)
	}
	for _, s := range m.histograms(start, start+5*minute) {
		add(s.labels.String(), s.samples...)
	}
	floats := func(from, step int64, values ...float64) (made []sample) {
		for index, v := range values {
			made = append(made, sample{time: from + int64(index)*step, value: v})
		}
		return made
	}
	stale := math.Float64frombits(value.StaleNaN)
	add("one", floats(0, 1, 1)...)
	add("special values", floats(start, minute, 0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), stale, stale,
		math.Float64frombits(0x7ff8_0000_0000_0007), math.Float64frombits(0xfff0_0000_0000_0003), math.MaxFloat64, 5e-324, 1, 1)...)
	add("negative times", floats(-5*hour, 7*minute, 1, 2, 3, 5, 8, 13)...)
	add("far times", sample{time: -9_000_000_000_000_000}, sample{time: -1}, sample{time: 0}, sample{time: 1}, sample{time: 1 << 40}, sample{time: 9_000_000_000_000_000})
	var edges []sample
	at, step := start, int64(10_000_000)
	for _, width := range []int64{14, 17, 20, 21} {
		for _, change := range []int64{1 << (width - 1), 1<<(width-1) + 1, 1 - 1<<(width-1), -(1 << (width - 1))} {
			step += change
			at += step
			edges = append(edges, sample{time: at, value: 1})
		}
	}
	add("edges of times", edges...)
	for index := range 30 {
		add(fmt.Sprintf("wild %d", index), m.wild(1+m.random.Intn(9))...)
	}
	m.keepEncoded(all)
}

// Buckets by their index, and how many observations each has.
type counts map[int]int64

// Samples of all habits, one after the other: numbers and histograms of every kind, whose buckets come, go and are told in more spans than need be.
func (m *maker) wild(many int) (made []sample) {
	pick := func(from ...float64) float64 { return from[m.random.Intn(len(from))] }
	at := []int64{start, -5 * hour, 0, start + m.random.Int63n(hour)}[m.random.Intn(4)]
	step, kind, count := 1+m.random.Int63n(minute), m.random.Intn(6), 0.0
	reset, custom := int64(0), m.random.Intn(3) == 0
	positive, negative, zero := counts{}, counts{}, int64(0)
	shape := histogram.Histogram{Schema: int32(m.random.Intn(13) - 4), ZeroThreshold: pick(0, 1, 0.001, math.Ldexp(0.5, -242), 1e-128, 3)}
	bounds := []float64{-1, 0, 0.005, 0.33, 1, 33554.43, 33554.431, 1e300}
	for range many {
		at += step
		switch m.random.Intn(12) {
		case 0:
			at += m.random.Int63n(1 << m.random.Intn(30))
		case 1:
			step = 1 + m.random.Int63n(hour)
		}
		next := sample{time: at}
		if m.random.Intn(40) == 0 {
			kind = m.random.Intn(6)
		}
		if kind < 2 {
			switch {
			case m.random.Intn(20) == 0:
				next.value = pick(0, math.Copysign(0, -1), math.Inf(1), math.NaN(), math.Float64frombits(value.StaleNaN), math.Float64frombits(m.random.Uint64()))
			case kind == 1:
				next.value = math.Float64frombits(m.random.Uint64()>>m.random.Intn(64)) * pick(1, -1)
			default:
				count += float64(m.random.Intn(3))
				next.value = count
			}
			made = append(made, next)
			continue
		}
		switch m.random.Intn(60) {
		case 0:
			shape.Schema = int32(m.random.Intn(13) - 4)
		case 1:
			shape.ZeroThreshold = pick(0, 1, 0.25, 0.001)
		case 2:
			custom = !custom
		case 3:
			bounds = append(bounds[:len(bounds):len(bounds)], pick(math.Inf(1), 2e300))
		case 4, 5:
			positive, negative, zero = counts{}, counts{}, 0
		case 6:
			reset = 1
		}
		for _, side := range []counts{positive, negative} {
			for range m.random.Intn(4) {
				side[m.random.Intn(1+m.random.Intn(14))-3] += m.random.Int63n(1 << m.random.Intn(20))
			}
			if m.random.Intn(10) == 0 {
				for index := range side {
					if side[index] == 0 || m.random.Intn(30) == 0 {
						delete(side, index)
					}
				}
			}
		}
		zero += m.random.Int63n(3)
		h := shape
		h.Sum = m.random.NormFloat64()
		if m.random.Intn(25) == 0 {
			h.Sum = math.Float64frombits(value.StaleNaN)
		}
		h.ZeroCount, h.Count = uint64(zero), uint64(zero)
		if custom {
			h.Schema, h.ZeroThreshold, h.CustomValues = histogram.CustomBucketsSchema, 0, bounds
		}
		h.CounterResetHint = histogram.CounterResetHint(reset)
		if reset = 0; kind == 3 || kind == 5 {
			h.CounterResetHint = histogram.GaugeType
		} else if m.random.Intn(4) == 0 {
			h.CounterResetHint = histogram.NotCounterReset
		}
		for _, side := range []counts{positive, negative} {
			for _, many := range side {
				h.Count += uint64(many)
			}
		}
		h.PositiveSpans, h.PositiveBuckets = m.spans(positive)
		h.NegativeSpans, h.NegativeBuckets = m.spans(negative)
		if next.histogram = &h; kind > 3 {
			next.histogram, next.floatHistogram = nil, h.ToFloat(nil)
			next.floatHistogram.Count *= pick(1, 1, 1, 1.5)
		}
		made = append(made, next)
	}
	return made
}

// Spans of buckets and their changes; some spans are empty, and some follow others without a gap.
func (m *maker) spans(side counts) (spans []histogram.Span, deltas []int64) {
	indices := slices.Sorted(maps.Keys(side))
	next, before := 0, int64(0)
	for _, index := range indices {
		gap := index - next
		if gap > 1 && m.random.Intn(30) == 0 {
			spans, gap = append(spans, histogram.Span{Offset: 1}), gap-1
		}
		if last := len(spans) - 1; last >= 0 && gap == 0 && m.random.Intn(30) > 0 {
			spans[last].Length++
		} else {
			spans = append(spans, histogram.Span{Offset: int32(gap), Length: 1})
		}
		deltas = append(deltas, side[index]-before)
		next, before = index+1, side[index]
	}
	return spans, deltas
}

func (m *maker) keepEncoded(all []encoded) {
	target := must(os.Create(m.target + "/chunks.jsonl"))
	defer target.Close()
	lines := json.NewEncoder(target)
	for _, one := range all {
		var samples []chunks.Sample
		for _, told := range one.Samples {
			samples = append(samples, told.sample())
		}
		one.Chunks = nil
		made := storage.NewSeriesToChunkEncoder(storage.NewListSeries(labels.EmptyLabels(), samples)).Iterator(nil)
		for made.Next() {
			meta := made.At()
			one.Chunks = append(one.Chunks, encodedChunk{
				Encoding: uint8(meta.Chunk.Encoding()), Min: meta.MinTime, Max: meta.MaxTime,
				Data: hex.EncodeToString(meta.Chunk.Bytes()), Samples: read(meta.Chunk),
			})
		}
		check(made.Err())
		check(lines.Encode(one))
	}
}

// What Prometheus' iterators read from a chunk of histograms.
func read(chunk chunkenc.Chunk) (all []toldSample) {
	if chunk.Encoding() == chunkenc.EncXOR {
		return nil
	}
	samples := chunk.Iterator(nil)
	for kind := samples.Next(); kind != chunkenc.ValNone; kind = samples.Next() {
		var next sample
		if kind == chunkenc.ValHistogram {
			next.time, next.histogram = samples.AtHistogram(nil)
		} else {
			next.time, next.floatHistogram = samples.AtFloatHistogram(nil)
		}
		all = append(all, tell(next))
	}
	check(samples.Err())
	return all
}

func tell(s sample) toldSample {
	told := toldSample{At: s.time}
	switch {
	case s.histogram != nil:
		h := s.histogram
		told.Integers = &toldHistogram{
			Hint: uint8(h.CounterResetHint), Schema: h.Schema, ZeroThreshold: bits(h.ZeroThreshold), Sum: bits(h.Sum),
			PositiveSpans: tellSpans(h.PositiveSpans), NegativeSpans: tellSpans(h.NegativeSpans), CustomValues: allBits(h.CustomValues),
			Count: raw(h.Count), ZeroCount: raw(h.ZeroCount), Positive: raw(notNil(h.PositiveBuckets)), Negative: raw(notNil(h.NegativeBuckets)),
		}
	case s.floatHistogram != nil:
		h := s.floatHistogram
		told.Floats = &toldHistogram{
			Hint: uint8(h.CounterResetHint), Schema: h.Schema, ZeroThreshold: bits(h.ZeroThreshold), Sum: bits(h.Sum),
			PositiveSpans: tellSpans(h.PositiveSpans), NegativeSpans: tellSpans(h.NegativeSpans), CustomValues: allBits(h.CustomValues),
			Count: raw(bits(h.Count)), ZeroCount: raw(bits(h.ZeroCount)), Positive: raw(allBits(h.PositiveBuckets)), Negative: raw(allBits(h.NegativeBuckets)),
		}
	default:
		v := bits(s.value)
		told.Value = &v
	}
	return told
}

func (told toldSample) sample() chunks.Sample {
	made := sample{time: told.At}
	switch {
	case told.Integers != nil:
		h := told.Integers
		made.histogram = &histogram.Histogram{
			CounterResetHint: histogram.CounterResetHint(h.Hint), Schema: h.Schema, ZeroThreshold: float64(h.ZeroThreshold), Sum: float64(h.Sum),
			PositiveSpans: madeSpans(h.PositiveSpans), NegativeSpans: madeSpans(h.NegativeSpans), CustomValues: allFloats(h.CustomValues),
		}
		check(json.Unmarshal(h.Count, &made.histogram.Count))
		check(json.Unmarshal(h.ZeroCount, &made.histogram.ZeroCount))
		check(json.Unmarshal(h.Positive, &made.histogram.PositiveBuckets))
		check(json.Unmarshal(h.Negative, &made.histogram.NegativeBuckets))
	case told.Floats != nil:
		h := told.Floats
		var count, zeroCount bits
		var positive, negative []bits
		check(json.Unmarshal(h.Count, &count))
		check(json.Unmarshal(h.ZeroCount, &zeroCount))
		check(json.Unmarshal(h.Positive, &positive))
		check(json.Unmarshal(h.Negative, &negative))
		made.floatHistogram = &histogram.FloatHistogram{
			CounterResetHint: histogram.CounterResetHint(h.Hint), Schema: h.Schema, ZeroThreshold: float64(h.ZeroThreshold), Sum: float64(h.Sum),
			PositiveSpans: madeSpans(h.PositiveSpans), NegativeSpans: madeSpans(h.NegativeSpans), CustomValues: allFloats(h.CustomValues),
			Count: float64(count), ZeroCount: float64(zeroCount), PositiveBuckets: allFloats(positive), NegativeBuckets: allFloats(negative),
		}
	default:
		made.value = float64(*told.Value)
	}
	return made
}

func raw(of any) json.RawMessage { return must(json.Marshal(of)) }

func notNil(numbers []int64) []int64 { return append([]int64{}, numbers...) }

func allBits(floats []float64) []bits {
	all := []bits{}
	for _, v := range floats {
		all = append(all, bits(v))
	}
	return all
}

func allFloats(all []bits) (floats []float64) {
	for _, v := range all {
		floats = append(floats, float64(v))
	}
	return floats
}

func tellSpans(spans []histogram.Span) [][2]int64 {
	told := [][2]int64{}
	for _, span := range spans {
		told = append(told, [2]int64{int64(span.Offset), int64(span.Length)})
	}
	return told
}

func madeSpans(told [][2]int64) (spans []histogram.Span) {
	for _, span := range told {
		spans = append(spans, histogram.Span{Offset: int32(span[0]), Length: uint32(span[1])})
	}
	return spans
}

// Prometheus' encoder takes what has these.

func (s sample) T() int64                      { return s.time }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return s.histogram }
func (s sample) FH() *histogram.FloatHistogram { return s.floatHistogram }
func (s sample) Copy() chunks.Sample           { return tell(s).sample() }

func (s sample) Type() chunkenc.ValueType {
	switch {
	case s.histogram != nil:
		return chunkenc.ValHistogram
	case s.floatHistogram != nil:
		return chunkenc.ValFloatHistogram
	default:
		return chunkenc.ValFloat
	}
}
