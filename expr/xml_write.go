package expr

// Writing of XML as .NET's OuterXml does it.

import (
	"fmt"
	"strings"
)

// xmlString writes a node. Prefixes that names need and that are not declared in it
// are declared where they are needed.
func xmlString(n *xmlNode) string {
	w := &xmlWriter{scope: newXMLScope()}
	w.node(n)
	return w.b.String()
}

// xmlPart writes a node that was taken out of a document: with the declarations that
// its names need, a document without its declaration and type.
func xmlPart(n *xmlNode) string {
	if n.kind != xmlDocument {
		return xmlString(n)
	}
	w := &xmlWriter{scope: newXMLScope()}
	for at := n.first; at != nil; at = at.next {
		if !at.hidden() {
			w.node(at)
		}
	}
	return w.b.String()
}

type xmlWriter struct {
	b     strings.Builder
	scope *xmlScope
}

func (w *xmlWriter) node(n *xmlNode) {
	switch n.kind {
	case xmlDocument:
		for at := n.first; at != nil; at = at.next {
			w.node(at)
		}
	case xmlElement:
		w.element(n)
	case xmlTextNode, xmlSpace:
		writeXMLText(&w.b, n.text)
	case xmlReference:
		w.b.WriteString("&" + n.name + ";")
	case xmlCData:
		w.b.WriteString("<![CDATA[" + n.text + "]]>")
	case xmlComment:
		w.b.WriteString("<!--" + n.text + "-->")
	case xmlInstruction:
		w.b.WriteString("<?" + n.name + " " + n.text + "?>")
	case xmlDeclaration:
		w.b.WriteString("<?xml")
		w.attributes(n.attrs)
		w.b.WriteString("?>")
	case xmlDocType:
		w.docType(n)
	}
}

func (w *xmlWriter) element(n *xmlNode) {
	mark := w.scope.mark()
	w.b.WriteByte('<')
	w.b.WriteString(n.name)
	w.attributes(n.attrs)
	w.enter(n)
	w.declareMissing(n)
	if n.first == nil && n.bare {
		w.b.WriteString(" />")
	} else {
		w.b.WriteByte('>')
		for at := n.first; at != nil; at = at.next {
			w.node(at)
		}
		w.b.WriteString("</" + n.name + ">")
	}
	w.scope.leave(mark)
}

// enter brings declarations into force. A default namespace that is not the one of an
// element without a prefix came too late to count, as it does for .NET.
func (w *xmlWriter) enter(n *xmlNode) {
	for i := range n.attrs {
		a := &n.attrs[i]
		switch {
		case !a.declares() || a.isDefault:
		case a.name == "xmlns" && strings.IndexByte(n.name, ':') < 0:
			w.scope.declare("", n.uri)
		default:
			w.scope.declare(a.declared(), a.value)
		}
	}
}

func (w *xmlWriter) attributes(attrs []xmlAttr) {
	for i := range attrs {
		a := &attrs[i]
		if a.isDefault {
			continue
		}
		w.b.WriteByte(' ')
		w.b.WriteString(a.name)
		w.b.WriteString(`="`)
		if a.source != "" {
			w.b.WriteString(a.source)
		} else {
			writeXMLAttribute(&w.b, a.value)
		}
		w.b.WriteByte('"')
	}
}

// declareMissing declares what the names of an element need.
func (w *xmlWriter) declareMissing(n *xmlNode) {
	w.declareName(n, n.name, n.uri)
	for i := range n.attrs {
		if a := &n.attrs[i]; a.uri != "" && a.uri != namespaceXML && !a.declares() && !a.isDefault {
			w.declareName(n, a.name, a.uri)
		}
	}
}

func (w *xmlWriter) declareName(n *xmlNode, name, uri string) {
	prefix, _ := splitName(name)
	if known, _ := w.scope.lookup(prefix); known == uri {
		return
	}
	key := "xmlns:" + prefix
	if prefix == "" {
		key = "xmlns"
	}
	for i := range n.attrs {
		if n.attrs[i].name == key && !n.attrs[i].isDefault {
			return // by an attribute that came too late to name the element
		}
	}
	w.scope.declare(prefix, uri)
	w.attributes([]xmlAttr{{name: key, value: uri}})
}

// docType writes the brackets of the subset always, but for types made from JSON,
// which lose their subset, as in .NET.
func (w *xmlWriter) docType(n *xmlNode) {
	w.b.WriteString("<!DOCTYPE " + n.name)
	public, isPublic := n.attr("public")
	system, isSystem := n.attr("system")
	switch {
	case isPublic:
		w.b.WriteString(` PUBLIC "` + public + `" "` + system + `"`)
	case isSystem:
		w.b.WriteString(` SYSTEM "` + system + `"`)
	}
	if !n.bare {
		w.b.WriteString("[" + n.text + "]")
	}
	w.b.WriteString(">")
}

// xmlText escapes what may not stand in the text of an element.
func xmlText(s string) string {
	var b strings.Builder
	writeXMLText(&b, s)
	return b.String()
}

func writeXMLText(b *strings.Builder, s string) { writeEscaped(b, s, "&<>") }

// writeXMLAttribute writes a value for double quotes.
func writeXMLAttribute(b *strings.Builder, s string) { writeEscaped(b, s, "&<>\"\n\r") }

// writeEscaped replaces some characters, and those that XML cannot hold.
func writeEscaped(b *strings.Builder, s, special string) {
	from := 0
	for i, c := range s {
		if c > '>' && c < 0xD800 || c == ' ' {
			continue
		}
		if isXMLChar(c) && (c > '>' || strings.IndexByte(special, byte(c)) < 0) {
			continue
		}
		b.WriteString(s[from:i])
		from = i + len(string(c))
		switch c {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '"':
			b.WriteString("&quot;")
		default:
			fmt.Fprintf(b, "&#x%X;", c)
		}
	}
	b.WriteString(s[from:])
}
