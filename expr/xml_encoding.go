package expr

// Which encoding the bytes of an XML envelope are in.

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// xmlSource decodes the content: by its byte order mark or first bytes, by the charset
// of its type, by its declaration, else as UTF-8.
func (e envelope) xmlSource() string {
	name := leadingEncoding(e.content)
	if name == "" {
		name = parameter(e.contentType, "charset")
	}
	if name == "" {
		if declared := declaredEncoding(e.content); !isWideEncoding(declared) {
			name = declared
		}
	}
	decode, ok := charset(name)
	if !ok {
		decode = decodeUTF8
	}
	return decode(e.content)
}

// leadingEncoding is the encoding that the first bytes show, "" if they show none.
func leadingEncoding(content []byte) string {
	begins := func(s string) bool { return bytes.HasPrefix(content, []byte(s)) }
	switch {
	case begins("\xEF\xBB\xBF"):
		return "utf-8"
	case begins("\xFF\xFE"), begins("<\x00"):
		return "utf-16le"
	case begins("\xFE\xFF"), begins("\x00<"):
		return "utf-16be"
	}
	return ""
}

// isWideEncoding reports whether a name is that of an encoding of two or four bytes
// a character.
func isWideEncoding(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf-32") || strings.HasPrefix(name, "ucs-") || name == "unicode"
}

// declaredEncoding is the encoding that content in single bytes declares.
func declaredEncoding(content []byte) string {
	if !bytes.HasPrefix(content, []byte("<?xml")) {
		return ""
	}
	head, _, _ := bytes.Cut(content, []byte("?>"))
	r := &xmlReader{text: decodeLatin1(head) + "?>"}
	doc := r.node(xmlDocument)
	if r.declaration(doc) != nil || doc.first == nil {
		return ""
	}
	name, _ := doc.first.attr("encoding")
	return name
}

// checkEncoding refuses a declared encoding that is not known or that the content
// cannot be in: what the service finds when it reads bytes (wdl-semantics §8).
func checkEncoding(doc *xmlNode, content []byte) error {
	d := doc.child(xmlDeclaration)
	if d == nil {
		return nil
	}
	name, _ := d.attr("encoding")
	if _, known := charset(name); !known {
		return fmt.Errorf("System does not support '%s' encoding.", name)
	}
	if isWideEncoding(name) && !isWideEncoding(leadingEncoding(content)) {
		return errors.New("There is no Unicode byte order mark. Cannot switch to Unicode.")
	}
	return nil
}
