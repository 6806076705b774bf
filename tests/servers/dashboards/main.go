// Takes dashboards as Grafana's schema describes them, and refuses what it does not know, in queries too. Prints the queries, one a line.
//
// Usage: grafana-dashboards FILE...
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

func main() {
	plugins.RegisterDefaultPlugins()
	failed := len(os.Args) < 2
	for _, path := range os.Args[1:] {
		if err := file(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// The error, unless it is a list of none, which the library returns where nothing is wrong.
func some(err error) error {
	var list cog.BuildErrors
	if errors.As(err, &list) && len(list) == 0 {
		return nil
	}
	return err
}

func file(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var whole dashboard.Dashboard
	if err := some(whole.UnmarshalJSONStrict(text)); err != nil {
		return err
	}
	if err := whole.Validate(); err != nil {
		return err
	}
	// What belongs to a kind of panel is left open by the schema of dashboards, and known by that of the kind.
	var loose struct {
		Panels []struct {
			Type    string            `json:"type"`
			Targets []json.RawMessage `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(text, &loose); err != nil {
		return err
	}
	seen := 0
	for number, panel := range loose.Panels {
		if len(panel.Targets) == 0 {
			return fmt.Errorf("panel %d, a %s, has no query", number+1, panel.Type)
		}
		for _, target := range panel.Targets {
			var query prometheus.Dataquery
			if err := some(query.UnmarshalJSONStrict(target)); err != nil {
				return fmt.Errorf("panel %d: %w", number+1, err)
			}
			if query.Expr == "" || strings.Contains(query.Expr, "\n") {
				return fmt.Errorf("panel %d: expected a query of one line", number+1)
			}
			fmt.Println(query.Expr)
			seen++
		}
	}
	if seen == 0 {
		return errors.New("it has no panel")
	}
	return nil
}
