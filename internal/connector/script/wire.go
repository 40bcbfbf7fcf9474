package script

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Parent and worker speak in parts: eight bytes of length, big-endian, then so many
// bytes. First the parent sends its introduction as JSON. Then for each job it sends two
// parts, code and context; the worker answers with two, the answer as JSON and the body,
// which is empty for undefined. At the end of its input a worker ends.

// introduction is what a worker is told first.
type introduction struct {
	Limits   Limits
	Confined bool // it was started to be locked in (internal/confine)
}

// writeParts sends parts at once.
func writeParts(w *bufio.Writer, parts ...[]byte) error {
	for _, p := range parts {
		if _, err := w.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p)))); err != nil {
			return err
		}
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return w.Flush()
}

// readPart reads a part of at most so many bytes. It takes memory as the bytes arrive.
func readPart(r io.Reader, most int64) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint64(head[:])
	if n > uint64(most) {
		return nil, fmt.Errorf("a part of %d bytes is longer than the %d that are expected", n, most)
	}
	part, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err == nil && uint64(len(part)) < n {
		err = io.ErrUnexpectedEOF
	}
	return part, err
}

// maxAnswer bounds the JSON of an answer.
const maxAnswer = 64 << 10

func readAnswer(r io.Reader, result int64) (a answer, err error) {
	head, err := readPart(r, maxAnswer)
	if err == nil {
		err = json.Unmarshal(head, &a)
	}
	if err != nil {
		return answer{}, err
	}
	body, err := readPart(r, result)
	if len(body) > 0 {
		a.Body = body
	}
	return a, err
}

func writeAnswer(w *bufio.Writer, a answer) error {
	head, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return writeParts(w, head, a.Body)
}
