package connector

import (
	"errors"
	"io"
)

// ErrTooLong says that a body is longer than it may be.
var ErrTooLong = errors.New("the body is larger than the limit")

// ReadAll reads a body of most bytes, whose length may be known (else -1), as far as there
// is room for it. What is not known to come is not allocated: who has sent FreeMessage
// bytes is trusted to send what its headers say. The error is ErrTooLong, a *[FullError],
// or the reader's.
func ReadAll(r io.Reader, length, most int64, room *Room) (body []byte, err error) {
	var held int64
	for {
		if len(body) == cap(body) {
			size := nextSize(int64(len(body)), length, most)
			if size > FreeMessage {
				if err := room.Take(size - held); err != nil {
					return nil, err
				}
				held = size
			}
			body = append(make([]byte, 0, size+1), body...) // and one to see the end
		}
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > most:
			return nil, ErrTooLong
		case errors.Is(err, io.EOF):
			if held > 0 {
				_ = room.Take(int64(len(body)) - held)
			}
			return body, nil
		case err != nil:
			return nil, err
		}
	}
}

// nextSize is how much is made ready for a body of which there is so much.
func nextSize(have, length, most int64) int64 {
	known := length >= have && length <= most
	switch {
	case known && (length <= FreeMessage || have >= FreeMessage):
		return length
	case known:
		return FreeMessage
	case have < FreeMessage:
		return min(max(512, 2*have), most)
	}
	return min(have+have/4, most)
}
