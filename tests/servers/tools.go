//go:build tools

// Package servers pins the Thanos and the promtool that the tests talk to.
// Thanos' own go.mod has replace lines, which `go install NAME@VERSION` refuses; go.mod repeats them here.
package servers

import (
	_ "github.com/prometheus/prometheus/cmd/promtool"
	_ "github.com/thanos-io/thanos/cmd/thanos"
)
