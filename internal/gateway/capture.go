package gateway

import (
	"context"
	"errors"
	"io/fs"
	"mime"
	"net/http"

	vnet "isle/internal/network"
	"isle/internal/trigger"
)

// Captures finds packet captures, by the ids that their links name; store.ErrNotFound for
// what is not there.
type Captures interface {
	Captured(ctx context.Context, id string) (*vnet.Captured, error)
}

// capture serves what a packet capture has captured up to now. It is of no environment, so
// the signature alone decides.
func (g *Gateway) capture(w http.ResponseWriter, r *http.Request, t target) error {
	if err := onlyRead(r); err != nil {
		return err
	}
	q, err := trigger.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	missing := notFound("PacketCaptureNotFound", "The packet capture '"+t.flowID+"' could not be found.")
	if g.config.Captures == nil {
		return missing
	}
	found, err := g.config.Captures.Captured(r.Context(), t.flowID)
	if isNotFound(err) {
		return missing
	}
	if err != nil {
		return err
	}
	if err := authorize([][]byte{found.Key}, r, t, q, g.config.Clock()); err != nil {
		return err
	}
	contents, err := found.Open()
	if errors.Is(err, fs.ErrNotExist) {
		return notFound("ContentNotFound", "The packet capture has no file: nothing was captured yet, or it was restored from a backup, which has none.")
	}
	if err != nil {
		return err
	}
	contentHeaders(w.Header())
	w.Header()["Content-Type"] = []string{"application/vnd.tcpdump.pcap"}
	w.Header()["Content-Disposition"] = []string{mime.FormatMediaType("attachment", map[string]string{"filename": found.File})}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := contents.WriteTo(w); err != nil {
		g.config.Log.Warn("a packet capture could not be read to its end", "capture", t.flowID, "error", err)
		panic(http.ErrAbortHandler) // so that the reader knows
	}
	return nil
}
