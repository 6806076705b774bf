package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"
)

// A block that is told sample by sample.
type told struct {
	Bucket string // The folder that the block's own folder lies in.
	Series []struct {
		Labels  map[string]string
		Samples []struct {
			At        int64  // In milliseconds.
			Value     string // As Prometheus spells it, or `stale`.
			Histogram *int64 // The number of one of Prometheus' test histograms.
			More      int64  // What is added to the first of its buckets.
		}
	}
}

// Makes the blocks that a file of JSON tells, each in a folder of its own id.
func (m *maker) told(file string) {
	var blocks []told
	check(json.Unmarshal(must(os.ReadFile(file)), &blocks))
	for _, block := range blocks {
		var all []series
		for _, one := range block.Series {
			s := series{labels: labels.FromMap(one.Labels)}
			for _, next := range one.Samples {
				made := sample{time: next.At}
				switch {
				case next.Histogram != nil:
					made.histogram = tsdbutil.GenerateTestHistogram(*next.Histogram)
					made.histogram.PositiveBuckets[0] += next.More
					made.histogram.Count += uint64(next.More * int64(len(made.histogram.PositiveBuckets)))
				case next.Value == "stale":
					made.value = math.Float64frombits(value.StaleNaN)
				default:
					made.value = must(strconv.ParseFloat(next.Value, 64))
				}
				s.samples = append(s.samples, made)
			}
			all = append(all, s)
		}
		dir := m.write(all)
		m.keep(filepath.Join(block.Bucket, filepath.Base(dir)), dir)
	}
}
