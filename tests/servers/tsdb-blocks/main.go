// Makes blocks of every sort that Prometheus and Thanos write, with their own libraries, for what checks blocks to find nothing wrong with.
//
// Run in tests/servers. Writes each block to a folder of its own below FOLDER, which it makes: index, chunks, meta.json, tombstones.
//
//	go run ./tsdb-blocks FOLDER [SERIES HOURS | small | from FILE | chunks SEED]
//
// With `chunks`, samples of many shapes are encoded, and FOLDER/chunks.jsonl tells the samples, the chunks, and what is read from them (encoded.go): with
// 0 those of tests/golden/tsdb-chunks.jsonl, with any other number very many that are drawn by it. With `from`, FILE says which series and samples each block has, and in which bucket below FOLDER it lies (told.go).
//
// With numbers, one block of floats alone is made, of so many series and hours: something large to measure with. With `small`, a few blocks of a
// few kilobytes are, those of tests/golden/tsdb, where `format-1` is one of Prometheus' own test data, and `label-indices` was made with
// github.com/prometheus/prometheus v0.302.1, the last but one whose writer still wrote them. The block in tests/golden/tsdb-newer was made with
// v0.316.0, with FloatChunkEncoding = EncXOR2, EnableHistogramSTEncoding and EnableSTStorage: all that it has is newer than Thanos reads. So were the chunks of
// tests/golden/tsdb-newer-chunks.jsonl, of samples that `wild` drew, with start times that are absent, stay or change.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-kit/log"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"
	"github.com/thanos-io/thanos/pkg/block/metadata"
	"github.com/thanos-io/thanos/pkg/compact/downsample"
	"github.com/thanos-io/thanos/pkg/dedup"
)

const (
	start  = int64(1736121600000) // 2025-01-06T00:00:00Z
	minute = int64(60_000)
	hour   = 60 * minute
)

var (
	background = context.Background()
	quiet      = slog.New(slog.DiscardHandler)
)

func main() {
	small := len(os.Args) == 3 && os.Args[2] == "small"
	isFlag := len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "-")
	if len(os.Args) != 2 && len(os.Args) != 4 && !small || isFlag {
		fmt.Fprintln(os.Stderr, "usage: go run ./tsdb-blocks FOLDER [SERIES HOURS | small | from FILE | chunks SEED]")
		os.Exit(2)
	}
	m := maker{target: os.Args[1], random: rand.New(rand.NewSource(1))}
	m.work = must(os.MkdirTemp("", "tsdb-blocks"))
	defer os.RemoveAll(m.work)
	check(os.MkdirAll(m.target, 0o777))
	if len(os.Args) == 4 && os.Args[2] == "from" {
		m.told(os.Args[3])
		return
	}
	if len(os.Args) == 4 && os.Args[2] == "chunks" {
		m.chunks(must(strconv.ParseInt(os.Args[3], 10, 64)))
		return
	}
	if len(os.Args) == 4 {
		series, hours := must(strconv.Atoi(os.Args[2])), must(strconv.Atoi(os.Args[3]))
		m.keep("large", m.write(m.floats(series, start, start+int64(hours)*hour, 15_000)))
		return
	}
	if small {
		m.small()
		return
	}
	m.all()
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

type maker struct {
	target, work string
	random       *rand.Rand
}

// A series and how its samples are appended.
type series struct {
	labels  labels.Labels
	samples []sample
}

type sample struct {
	time           int64
	value          float64
	histogram      *histogram.Histogram
	floatHistogram *histogram.FloatHistogram
}

func (m *maker) all() {
	day := start + 48*hour
	floats := m.write(m.floats(40, start, day, 15_000))
	m.keep("floats", floats)
	histograms := m.write(m.histograms(start, start+8*hour))
	m.keep("histograms", histograms)
	mixed := m.write(append(m.histograms(start, start+8*hour), m.floats(20, start, start+8*hour, 30_000)...))
	m.keep("mixed", mixed)
	m.keep("exponential", m.write(m.exponential(start, start+30*hour)))
	m.keep("one-sample", m.write([]series{{labels.FromStrings("__name__", "one"), []sample{{time: start, value: 1}}}}))
	m.keep("negative-times", m.write(m.floats(5, -10*hour, -2*hour, 60_000)))

	m.keep("segments", m.compact(16<<10, nil, floats))
	early, late := m.write(m.floats(10, start, start+8*hour, 15_000)), m.write(m.floats(10, start+4*hour, start+12*hour, 17_000))
	m.keep("overlapping", m.compact(0, nil, early, late))
	m.keep("deduplicated", m.compact(0, dedup.NewChunkSeriesMerger(), early, late))
	m.keep("leveled", m.compact(0, nil, m.write(m.floats(10, start, start+2*hour, 15_000)), m.write(m.floats(12, start+2*hour, start+4*hour, 15_000))))
	m.outOfOrder()
	m.deleted()

	five := m.downsample(floats, downsample.ResLevel1)
	m.keep("five-minutes", five)
	m.keep("one-hour", m.downsample(five, downsample.ResLevel2))
	exponential := m.write(m.exponential(start, start+30*hour))
	fiveOfHistograms := m.downsample(exponential, downsample.ResLevel1)
	m.keep("five-minutes-of-histograms", fiveOfHistograms)
	m.keep("one-hour-of-histograms", m.downsample(fiveOfHistograms, downsample.ResLevel2))
	other := m.write(m.floats(30, start+7*minute+13, day, 21_000))
	m.keep("five-minutes-deduplicated", m.compact(0, dedup.NewChunkSeriesMerger(), five, m.downsample(other, downsample.ResLevel1)))
	next := m.downsample(m.write(m.floats(40, day, day+48*hour, 15_000)), downsample.ResLevel1)
	twoDays := m.compact(0, nil, five, next)
	m.keep("five-minutes-compacted", twoDays)
	m.keep("one-hour-of-compacted", m.downsample(twoDays, downsample.ResLevel2))
	for index := range 20 {
		from := start + int64(index)*2*hour
		block := m.write(m.floats(1+m.random.Intn(60), from, from+2*hour, int64(1000+m.random.Intn(60_000))))
		m.keep(fmt.Sprintf("two-hours-%02d", index), block)
		m.keep(fmt.Sprintf("two-hours-%02d-downsampled", index), m.downsample(block, downsample.ResLevel1))
	}
}

func (m *maker) small() {
	floats := m.write(m.floats(8, start, start+3*hour, minute))
	m.keep("floats", m.compact(1500, nil, floats))
	five := m.downsample(floats, downsample.ResLevel1)
	m.keep("five-minutes", five)
	m.keep("one-hour", m.downsample(five, downsample.ResLevel2))
	m.keep("histograms", m.write(m.histograms(start, start+8*minute)))
	m.keep("five-minutes-of-histograms", m.downsample(m.write(m.exponential(start, start+20*minute)), downsample.ResLevel1))
	dir := m.write(m.floats(4, start, start+hour, minute))
	block := must(tsdb.OpenBlock(quiet, dir, nil, nil))
	for minutes := range int64(3) {
		from := start + minutes*10*minute
		check(block.Delete(background, from, from+2*minute, labels.MustNewMatcher(labels.MatchEqual, "__name__", "up")))
	}
	check(block.Close())
	m.keep("tombstones", dir)
	module := must(exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/prometheus").Output())
	m.keep("format-1", filepath.Join(strings.TrimSpace(string(module)), "tsdb", "testdata", "index_format_v1"))
}

// Series of all habits: steady and late scrapes, gaps, stale markers, counters that reset, values that stay, change a little and jump.
func (m *maker) floats(count int, from, to, step int64) []series {
	var made []series
	for index := range count {
		s := series{labels: labels.FromStrings(
			"__name__", []string{"up", "requests_total", "temperature_celsius", "with space"}[index%4],
			"instance", fmt.Sprintf("10.0.%d.%d:9100", index/256, index%256), "job", []string{"api", "web"}[index/7%2],
			"pod", fmt.Sprintf("pod-%x", index*2654435761), "zone", "eu \"1\"\n\\ü",
		)}
		total, offset := 0.0, m.random.Int63n(step)
		for t := from + offset; t < to; t += step {
			at := t
			switch {
			case index%5 == 1:
				at += m.random.Int63n(step)
			case index%5 == 2 && m.random.Intn(10) == 0:
				at += m.random.Int63n(20)
			}
			if at >= to || index%11 == 3 && (at/hour)%3 == 1 {
				continue
			}
			v := 1.0
			switch index % 4 {
			case 1:
				total += float64(m.random.Intn(100))
				if m.random.Intn(500) == 0 {
					total = 0
				}
				v = total
			case 2:
				v = math.Sin(float64(at)/1e7)*20 + m.random.Float64()
			case 3:
				v = []float64{0, -1, math.Inf(1), math.NaN(), 1e300, 0.1}[m.random.Intn(6)]
			}
			if index%6 == 5 && m.random.Intn(50) == 0 {
				v = math.Float64frombits(value.StaleNaN)
			}
			if len(s.samples) == 0 || s.samples[len(s.samples)-1].time < at {
				s.samples = append(s.samples, sample{time: at, value: v})
			}
		}
		if len(s.samples) > 0 {
			made = append(made, s)
		}
	}
	return made
}

// Native histograms of all sorts, with buckets that come and go, resets, stale markers and custom buckets.
func (m *maker) histograms(from, to int64) []series {
	made := m.exponential(from, to)
	custom := series{labels: labels.FromStrings("__name__", "custom")}
	customFloat := series{labels: labels.FromStrings("__name__", "custom_float")}
	for t, index := from, int64(0); t < to; t, index = t+30_000, index+1 {
		h := tsdbutil.GenerateTestCustomBucketsHistogram(index % 200)
		if index%120 > 60 {
			h.CustomValues = []float64{0.001, 2.5, 1e9, 1e10}
		}
		custom.samples = append(custom.samples, sample{time: t, histogram: h})
		customFloat.samples = append(customFloat.samples, sample{time: t, floatHistogram: tsdbutil.GenerateTestCustomBucketsFloatHistogram(index)})
	}
	return append(made, custom, customFloat)
}

// The same without custom buckets, which Thanos does not downsample.
func (m *maker) exponential(from, to int64) []series {
	stale := math.Float64frombits(value.StaleNaN)
	var made []series
	for kind := range 8 {
		s := series{labels: labels.FromStrings("__name__", "latency_seconds", "kind", strconv.Itoa(kind))}
		for t, index := from, int64(0); t < to; t, index = t+20_000+m.random.Int63n(1+int64(kind)*500), index+1 {
			next := sample{time: t}
			switch kind {
			case 0:
				next.histogram = tsdbutil.GenerateTestHistogram(index)
			case 1:
				next.floatHistogram = tsdbutil.GenerateTestFloatHistogram(index)
			case 2:
				next.histogram = tsdbutil.GenerateTestGaugeHistogram(m.random.Int63n(100))
			case 3:
				next.floatHistogram = tsdbutil.GenerateTestGaugeFloatHistogram(m.random.Int63n(100))
			case 4: // Resets.
				next.histogram = tsdbutil.GenerateTestHistogram(index % 77)
			case 5: // Goes away and comes back.
				next.histogram = tsdbutil.GenerateTestHistogram(index)
				if index%40 == 39 {
					next.histogram = &histogram.Histogram{Sum: stale}
				}
			case 6:
				next.floatHistogram = tsdbutil.GenerateTestFloatHistogram(index)
				if index%40 == 39 {
					next.floatHistogram = &histogram.FloatHistogram{Sum: stale}
				}
			case 7: // Buckets that come one by one.
				h := tsdbutil.GenerateTestHistogram(index)
				h.ZeroThreshold = 0.1
				h.PositiveSpans[1].Offset = int32(1 + (index/30)%3)
				next.histogram = h
			}
			s.samples = append(s.samples, next)
		}
		made = append(made, s)
	}
	return made
}

func appendAll(appender storage.Appender, all []series) {
	for _, s := range all {
		ref := storage.SeriesRef(0)
		for _, next := range s.samples {
			var err error
			if next.histogram != nil || next.floatHistogram != nil {
				ref, err = appender.AppendHistogram(ref, s.labels, next.time, next.histogram, next.floatHistogram)
			} else {
				ref, err = appender.Append(ref, s.labels, next.time, next.value)
			}
			check(err)
		}
	}
	check(appender.Commit())
}

// Writes a block as a Prometheus cuts one out of its head.
func (m *maker) write(all []series) string {
	w := must(tsdb.NewBlockWriter(quiet, m.work, 1000*hour))
	defer w.Close()
	for from := 0; from < len(all); from += 1000 {
		appendAll(w.Appender(background), all[from:min(len(all), from+1000)])
	}
	return m.thanos(filepath.Join(m.work, must(w.Flush(background)).String()), nil)
}

func (m *maker) compact(segment int64, merge storage.VerticalChunkSeriesMergeFunc, dirs ...string) string {
	compactor := must(tsdb.NewLeveledCompactorWithOptions(background, nil, quiet, []int64{hour}, downsample.NewPool(), tsdb.LeveledCompactorOptions{
		MaxBlockChunkSegmentSize: segment, MergeFunc: merge, EnableOverlappingCompaction: true,
	}))
	ids := must(compactor.Compact(m.work, dirs, nil))
	resolution := must(metadata.ReadFromDir(dirs[0])).Thanos.Downsample.Resolution
	return m.thanos(filepath.Join(m.work, ids[0].String()), &resolution)
}

func (m *maker) downsample(dir string, resolution int64) string {
	meta := must(metadata.ReadFromDir(dir))
	block := must(tsdb.OpenBlock(quiet, dir, downsample.NewPool(), nil))
	defer block.Close()
	id := must(downsample.Downsample(background, log.NewNopLogger(), meta, block, m.work, resolution))
	return filepath.Join(m.work, id.String())
}

// Adds what Thanos adds to meta.json.
func (m *maker) thanos(dir string, resolution *int64) string {
	meta := must(metadata.ReadFromDir(dir))
	meta.Thanos.Labels = map[string]string{"cluster": "eu-1"}
	meta.Thanos.Source = metadata.SidecarSource
	if resolution != nil {
		meta.Thanos.Downsample.Resolution = *resolution
	}
	check(meta.WriteToDir(log.NewNopLogger(), dir))
	return dir
}

// Samples that come late are cut into blocks of their own, which lie beside those of the others and are merged with them later.
func (m *maker) outOfOrder() {
	dir := filepath.Join(m.work, "db")
	options := tsdb.DefaultOptions()
	options.OutOfOrderTimeWindow = 100 * hour
	options.EnableOverlappingCompaction = false
	db := must(tsdb.Open(dir, quiet, nil, options, nil))
	late := append(m.floats(10, start, start+6*hour, 20_000), m.exponential(start, start+3*hour)...)
	appendAll(db.Appender(background), append(m.floats(12, start, start+6*hour, 15_000), m.exponential(start+3*hour, start+6*hour)...))
	appendAll(db.Appender(background), late)
	check(db.CompactHead(tsdb.NewRangeHead(db.Head(), start, start+3*hour-1)))
	check(db.CompactHead(tsdb.NewRangeHead(db.Head(), start+3*hour, start+6*hour-1)))
	check(db.CompactOOOHead(background))
	check(db.Close())
	found := must(filepath.Glob(filepath.Join(dir, "0*")))
	for index, block := range found {
		m.keep(fmt.Sprintf("out-of-order-%d", index), m.thanos(block, nil))
	}
	m.keep("out-of-order-compacted", m.compact(0, nil, found...))
}

func (m *maker) deleted() {
	dir := m.write(m.floats(20, start, start+6*hour, 15_000))
	block := must(tsdb.OpenBlock(quiet, dir, nil, nil))
	check(block.Delete(background, start+hour, start+2*hour+1, labels.MustNewMatcher(labels.MatchEqual, "__name__", "up")))
	check(block.Delete(background, start+3*hour, start+4*hour, labels.MustNewMatcher(labels.MatchEqual, "__name__", "requests_total")))
	check(block.Delete(background, math.MinInt64, start+minute, labels.MustNewMatcher(labels.MatchEqual, "__name__", "up")))
	m.keep("tombstones", dir)
	compactor := must(tsdb.NewLeveledCompactor(background, nil, quiet, []int64{hour}, chunkenc.NewPool(), nil))
	ids, _, err := block.CleanTombstones(m.work, compactor)
	check(err)
	m.keep("tombstones-cleaned", filepath.Join(m.work, ids[0].String()))
	check(block.Close())
}

// Copies a block to where it is wanted.
func (m *maker) keep(name, dir string) {
	check(os.CopyFS(filepath.Join(m.target, name), os.DirFS(dir)))
}
