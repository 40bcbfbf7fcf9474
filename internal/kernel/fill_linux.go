package kernel

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"isle/internal/netns"
)

// Elements are those of the name sets of filters, as nft reads them, by namespace and set
// ([layout.Layout.Elements]).
type Elements map[string]map[string][]string

// Fill gives the name sets of the filters these elements and no others, and has filters
// that are loaded later begin with them. What has them is not touched. The error joins
// those of the namespaces that do not have them.
func (k *Kernel) Fill(ctx context.Context, e Elements) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.elements = e
	var found []error
	for i := range k.layout.Namespaces {
		n := &k.layout.Namespaces[i]
		want := e[n.Name]
		if len(n.Sets) == 0 || sameElements(k.filled[n.Name], want) && k.filled[n.Name] != nil {
			continue
		}
		var script strings.Builder
		for _, s := range n.Sets {
			verb := "set"
			if s.To {
				verb = "map"
			}
			fmt.Fprintf(&script, "flush %s inet %s %s\n", verb, filterTable, s.Name)
			script.WriteString(addElements(s.Name, want[s.Name]))
		}
		err := netns.At(Path(k.options.Tag, n.Name)).Do(func() error {
			_, err := nft(ctx, script.String(), "-f", "-")
			return err
		})
		if err != nil {
			delete(k.filled, n.Name)
			found = append(found, fmt.Errorf("kernel: names of %s: %w", n.Name, err))
			continue
		}
		k.filled[n.Name] = want
	}
	return errors.Join(found...)
}

func sameElements(a, b map[string][]string) bool { return maps.EqualFunc(a, b, slices.Equal) }
