package server

import (
	"errors"
	"fmt"
	"io"
	"os"

	"isle/internal/dataplane"
)

// standardError is the name of the flow log that goes there.
const standardError = "-"

// flowLog is the log of what the network policy decides, and its file.
type flowLog struct {
	*dataplane.FlowLog
	file io.Closer // nil for standard error
}

// openFlowLog opens the flow log that is configured, nil if none is. A file is
// appended to, and for its owner only: it tells who calls whom.
func (c *Config) openFlowLog() (*flowLog, error) {
	switch c.FlowLog {
	case "":
		return nil, nil
	case standardError:
		return &flowLog{FlowLog: dataplane.NewFlowLog(os.Stderr, c.Clock)}, nil
	}
	file, err := openRotating(c.FlowLog, c.flowLogSize, c.FlowLogFiles)
	if err != nil {
		return nil, fmt.Errorf("--flow-log: %w", err)
	}
	return &flowLog{FlowLog: dataplane.NewFlowLog(file, c.Clock), file: file}, nil
}

// observe is told every decision.
func (l *flowLog) observe(d dataplane.Decision) {
	if l != nil {
		l.Observe(d)
	}
}

// close writes what is not written yet.
func (l *flowLog) close() error {
	if l == nil {
		return nil
	}
	err := l.Close()
	if l.file != nil {
		err = errors.Join(err, l.file.Close())
	}
	return err
}
