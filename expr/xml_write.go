package expr

import (
	"strings"
)

// xmlString writes a node as .NET's OuterXml does.
func xmlString(n *xmlNode) string {
	var b strings.Builder
	writeXML(&b, n, nil)
	return b.String()
}

// writeXML writes a node; scope holds declarations to add to an element that was
// taken out of its document.
func writeXML(b *strings.Builder, n *xmlNode, scope []xmlAttr) {
	switch n.kind {
	case xmlDocument:
		for _, child := range n.children {
			writeXML(b, child, nil)
		}
	case xmlElement:
		writeElement(b, n, scope)
	case xmlTextNode, xmlSpace:
		b.WriteString(xmlText(n.text))
	case xmlCData:
		b.WriteString("<![CDATA[" + n.text + "]]>")
	case xmlComment:
		b.WriteString("<!--" + n.text + "-->")
	case xmlInstruction:
		b.WriteString("<?" + n.name)
		if n.text != "" {
			b.WriteString(" " + n.text)
		}
		b.WriteString("?>")
	case xmlDeclaration:
		b.WriteString("<?xml")
		writeAttributes(b, n.attrs)
		b.WriteString("?>")
	case xmlDocType:
		writeDocType(b, n)
	}
}

func writeElement(b *strings.Builder, n *xmlNode, scope []xmlAttr) {
	b.WriteString("<" + n.name)
	writeAttributes(b, n.attrs)
	writeAttributes(b, scope)
	if len(n.children) == 0 && n.closed {
		b.WriteString(" />")
		return
	}
	b.WriteString(">")
	for _, child := range n.children {
		writeXML(b, child, nil)
	}
	b.WriteString("</" + n.name + ">")
}

func writeAttributes(b *strings.Builder, attrs []xmlAttr) {
	for _, a := range attrs {
		b.WriteString(" " + a.name + `="` + xmlAttribute(a.value) + `"`)
	}
}

// writeDocType always writes the brackets of the subset, as .NET does.
func writeDocType(b *strings.Builder, n *xmlNode) {
	b.WriteString("<!DOCTYPE " + n.name)
	public, isPublic := n.attr("public")
	system, isSystem := n.attr("system")
	switch {
	case isPublic:
		b.WriteString(` PUBLIC "` + public + `" "` + system + `"`)
	case isSystem:
		b.WriteString(` SYSTEM "` + system + `"`)
	}
	b.WriteString("[" + n.text + "]>")
}
