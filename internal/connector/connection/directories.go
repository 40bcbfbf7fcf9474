package connection

import (
	"context"

	"isle/engine"
)

// Directories are asked in their order; the first that knows a name answers. Nil ones
// know none.
type Directories []Directory

// Find implements Directory.
func (d Directories) Find(ctx context.Context, w *engine.Workflow, k Key) (Endpoint, bool, error) {
	for _, one := range d {
		if one == nil {
			continue
		}
		if e, known, err := one.Find(ctx, w, k); known || err != nil {
			return e, known, err
		}
	}
	return Endpoint{}, false, nil
}
