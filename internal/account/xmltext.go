package account

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"
)

// walkXML reads a document and calls element at the start of each element, whose names
// have their namespaces; depth is 0 for the root. Nothing is fetched and no entity is
// expanded that the document declares. Its error says what is not well-formed, and
// where.
func walkXML(content []byte, element func(depth int, e xml.StartElement)) error {
	content, err := decodeText(content)
	if err != nil {
		return err
	}
	d := xml.NewDecoder(bytes.NewReader(content))
	d.CharsetReader = func(label string, input io.Reader) (io.Reader, error) {
		if utf8.Valid(content) {
			return input, nil // it came as a JSON text, whatever it was before
		}
		return charset.NewReaderLabel(label, input)
	}
	w := xmlWalk{decoder: d, element: element, inScope: map[string]int{"http://www.w3.org/XML/1998/namespace": 1, "": 1}}
	return w.run()
}

// decodeText takes a byte order mark off the front, and what follows UTF-16 marks out of
// UTF-16.
func decodeText(content []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(content, []byte("\xef\xbb\xbf")):
		return content[3:], nil
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}), bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(content)
		if err != nil {
			return nil, errors.New("it begins like UTF-16 and is none")
		}
		return text, nil
	}
	return content, nil
}

// Bounds of a document, far beyond those that mean something.
const (
	maxXMLDepth      = 1000
	maxXMLAttributes = 1000
)

type xmlWalk struct {
	decoder *xml.Decoder
	element func(depth int, e xml.StartElement)
	open    [][]string     // the namespaces that each open element declares
	inScope map[string]int // how many open elements declare a namespace
	roots   int
}

func (w *xmlWalk) run() error {
	for {
		token, err := w.decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = w.start(t)
		case xml.EndElement:
			for _, namespace := range w.open[len(w.open)-1] {
				w.inScope[namespace]--
			}
			w.open = w.open[:len(w.open)-1]
		case xml.CharData:
			if len(w.open) == 0 && len(bytes.TrimSpace(t)) > 0 {
				err = w.fault("there is text outside of the root element")
			}
		}
		if err != nil {
			return err
		}
	}
	if w.roots == 0 {
		return errors.New("there is no element in it")
	}
	return nil
}

func (w *xmlWalk) start(e xml.StartElement) error {
	if len(w.open) == 0 {
		if w.roots++; w.roots > 1 {
			return w.fault("there is more than one root element")
		}
	}
	if len(w.open) >= maxXMLDepth || len(e.Attr) > maxXMLAttributes {
		return w.fault("'%s' is nested deeper than %d elements, or has more than %d attributes", shorten(e.Name.Local), maxXMLDepth, maxXMLAttributes)
	}
	var declared []string
	seen := make(map[xml.Name]bool, len(e.Attr))
	for _, a := range e.Attr {
		if seen[a.Name] {
			return w.fault("the attribute '%s' of '%s' is given twice", shorten(a.Name.Local), shorten(e.Name.Local))
		}
		seen[a.Name] = true
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			declared = append(declared, a.Value)
			w.inScope[a.Value]++
		}
	}
	w.open = append(w.open, declared)
	for _, name := range append([]xml.Name{e.Name}, names(e.Attr)...) {
		if name.Space != "xmlns" && w.inScope[name.Space] == 0 {
			return w.fault("the prefix '%s' of '%s' is not declared", shorten(name.Space), shorten(name.Local))
		}
	}
	w.element(len(w.open)-1, e)
	return nil
}

func names(attributes []xml.Attr) []xml.Name {
	list := make([]xml.Name, len(attributes))
	for i, a := range attributes {
		list[i] = a.Name
	}
	return list
}

func (w *xmlWalk) fault(format string, args ...any) error {
	line, _ := w.decoder.InputPos()
	return fmt.Errorf("line %d: "+format, append([]any{line}, args...)...)
}

// attribute is the value of an attribute without a namespace.
func attribute(e xml.StartElement, name string) (string, bool) {
	for _, a := range e.Attr {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}
