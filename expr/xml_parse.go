package expr

// An XML reader that keeps what .NET's XmlDocument keeps (CDATA sections, comments,
// processing instructions, the document type) and drops text that is white space
// only. There are no entities but the predefined ones, nothing outside the text is
// ever read, and nesting is bounded (wdl-semantics §8).

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

type xmlKind uint8

const (
	xmlDocument xmlKind = iota
	xmlElement
	xmlTextNode
	xmlSpace // white space kept by xml:space="preserve"
	xmlCData
	xmlComment
	xmlInstruction
	xmlDeclaration
	xmlDocType
)

// xmlNode is a node of a document.
type xmlNode struct {
	kind     xmlKind
	name     string // qualified; of an instruction its target
	text     string // of the leaves; of a doctype its internal subset
	attrs    []xmlAttr
	children []*xmlNode
	parent   *xmlNode
	place    int  // within parent.children
	closed   bool // written <a />
}

type xmlAttr struct{ name, value string }

func (n *xmlNode) attr(name string) (string, bool) {
	for _, a := range n.attrs {
		if a.name == name {
			return a.value, true
		}
	}
	return "", false
}

func (n *xmlNode) append(child *xmlNode) {
	child.parent, child.place = n, len(n.children)
	n.children = append(n.children, child)
}

// root returns the document's element, nil if there is none.
func (n *xmlNode) root() *xmlNode {
	for _, child := range n.children {
		if child.kind == xmlElement {
			return child
		}
	}
	return nil
}

// namespace resolves a prefix where n stands.
func (n *xmlNode) namespace(prefix string) (string, bool) {
	key := "xmlns:" + prefix
	switch prefix {
	case "":
		key = "xmlns"
	case "xml":
		return "http://www.w3.org/XML/1998/namespace", true
	case "xmlns":
		return "http://www.w3.org/2000/xmlns/", true
	}
	for ; n != nil; n = n.parent {
		if uri, ok := n.attr(key); ok {
			return uri, true
		}
	}
	return "", prefix == ""
}

// splitName cuts a qualified name.
func splitName(name string) (prefix, local string) {
	if prefix, local, ok := strings.Cut(name, ":"); ok {
		return prefix, local
	}
	return "", name
}

// xmlReader is the state of a parse.
type xmlReader struct {
	text  string
	pos   int
	depth int
}

// parseXML reads a document.
func parseXML(text string) (*xmlNode, error) {
	text = strings.TrimPrefix(text, "\uFEFF")
	for i, c := range text {
		if !isXMLChar(c) || c == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			return nil, fmt.Errorf("the character at byte %d is not allowed in XML", i)
		}
	}
	r := &xmlReader{text: text}
	doc := &xmlNode{kind: xmlDocument}
	if err := r.declaration(doc); err != nil {
		return nil, err
	}
	if err := r.content(doc, false); err != nil {
		return nil, err
	}
	if doc.root() == nil {
		return nil, errors.New("the root element is missing")
	}
	return doc, nil
}

func (r *xmlReader) fail(format string, args ...any) error {
	return fmt.Errorf("%s, at byte %d", fmt.Sprintf(format, args...), r.pos)
}

func (r *xmlReader) has(s string) bool { return strings.HasPrefix(r.text[r.pos:], s) }

func (r *xmlReader) accept(s string) bool {
	if !r.has(s) {
		return false
	}
	r.pos += len(s)
	return true
}

// until takes the text before end and steps over end.
func (r *xmlReader) until(end string) (string, error) {
	i := strings.Index(r.text[r.pos:], end)
	if i < 0 {
		return "", r.fail("'%s' is missing", end)
	}
	s := r.text[r.pos : r.pos+i]
	r.pos += i + len(end)
	return s, nil
}

const xmlWhite = " \t\r\n"

// space steps over white space and reports whether there was any.
func (r *xmlReader) space() bool {
	from := r.pos
	r.pos += len(r.text[r.pos:]) - len(strings.TrimLeft(r.text[r.pos:], xmlWhite))
	return r.pos > from
}

// declaration reads <?xml version encoding? standalone? ?>, in this order.
func (r *xmlReader) declaration(doc *xmlNode) error {
	if !r.has("<?xml") || len(r.text) < 6 || !strings.Contains(xmlWhite, r.text[5:6]) {
		return nil
	}
	r.pos = 5
	n := &xmlNode{kind: xmlDeclaration, name: "xml"}
	if err := r.attributes(n); err != nil {
		return err
	}
	if !r.accept("?>") {
		return r.fail("the XML declaration is not closed")
	}
	order := []string{"version", "encoding", "standalone"}
	last := -1
	for _, a := range n.attrs {
		at := slices.Index(order, a.name)
		if at <= last || last < 0 && at != 0 || !validDeclaration(a) {
			return r.fail("the XML declaration is not valid at '%s'", a.name)
		}
		last = at
	}
	if last < 0 {
		return r.fail("the XML declaration lacks the version")
	}
	doc.append(n)
	return nil
}

func validDeclaration(a xmlAttr) bool {
	switch a.name {
	case "version":
		return a.value == "1.0"
	case "standalone":
		return a.value == "yes" || a.value == "no"
	}
	for i, c := range a.value {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789._-", c)) {
			return false
		}
	}
	return a.value != ""
}

// content reads the children of a document or of an element, in the latter case
// with its end tag.
func (r *xmlReader) content(parent *xmlNode, preserve bool) error {
	for r.pos < len(r.text) {
		if parent.kind == xmlElement && r.accept("</") {
			return r.endTag(parent)
		}
		if r.text[r.pos] != '<' {
			if err := r.characters(parent, preserve); err != nil {
				return err
			}
			continue
		}
		if err := r.markup(parent, preserve); err != nil {
			return err
		}
	}
	if parent.kind == xmlElement {
		return r.fail("the element '%s' is not closed", parent.name)
	}
	return nil
}

func (r *xmlReader) endTag(n *xmlNode) error {
	name, err := r.qualifiedName()
	if err != nil {
		return err
	}
	r.space()
	if name != n.name || !r.accept(">") {
		return r.fail("the end tag '%s' does not match the element '%s'", name, n.name)
	}
	return nil
}

// characters reads text up to the next markup.
func (r *xmlReader) characters(parent *xmlNode, preserve bool) error {
	end := strings.IndexByte(r.text[r.pos:], '<')
	if end < 0 {
		end = len(r.text) - r.pos
	}
	raw := r.text[r.pos : r.pos+end]
	white := strings.Trim(raw, xmlWhite) == ""
	text, ok := expandEntities(normalizeLines(raw))
	switch {
	case parent.kind == xmlDocument && !white:
		return r.fail("text outside of the root element")
	case !ok || strings.Contains(raw, "]]>"):
		return r.fail("an unknown entity or ']]>' in text")
	case !white:
		parent.append(&xmlNode{kind: xmlTextNode, text: text})
	case preserve:
		parent.append(&xmlNode{kind: xmlSpace, text: text})
	}
	r.pos += end
	return nil
}

func normalizeLines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// markup reads what begins with <, except end tags.
func (r *xmlReader) markup(parent *xmlNode, preserve bool) error {
	switch {
	case r.accept("<!--"):
		text, err := r.until("-->")
		if err == nil && (strings.Contains(text, "--") || strings.HasSuffix(text, "-")) {
			err = r.fail("'--' in a comment")
		}
		parent.append(&xmlNode{kind: xmlComment, text: normalizeLines(text)})
		return err
	case r.has("<![CDATA[") && parent.kind == xmlElement:
		r.pos += len("<![CDATA[")
		text, err := r.until("]]>")
		parent.append(&xmlNode{kind: xmlCData, text: normalizeLines(text)})
		return err
	case r.accept("<?"):
		return r.instruction(parent)
	case r.has("<!DOCTYPE") && parent.kind == xmlDocument:
		return r.docType(parent)
	case r.accept("<"):
		return r.element(parent, preserve)
	}
	return r.fail("unexpected markup")
}

func (r *xmlReader) instruction(parent *xmlNode) error {
	name, err := r.qualifiedName()
	if err != nil {
		return err
	}
	spaced := r.space()
	text, err := r.until("?>")
	if err == nil && (strings.EqualFold(name, "xml") || !spaced && text != "") {
		err = r.fail("the processing instruction '%s' is not valid", name)
	}
	parent.append(&xmlNode{kind: xmlInstruction, name: name, text: text})
	return err
}

// docType reads <!DOCTYPE name [PUBLIC "p" "s" | SYSTEM "s"] [[subset]]>. The
// subset is kept as text and never interpreted.
func (r *xmlReader) docType(doc *xmlNode) error {
	r.pos += len("<!DOCTYPE")
	n := &xmlNode{kind: xmlDocType}
	if !r.space() || doc.root() != nil {
		return r.fail("the document type stands at a wrong place")
	}
	var err error
	if n.name, err = r.qualifiedName(); err != nil {
		return err
	}
	r.space()
	public := r.accept("PUBLIC")
	if public || r.accept("SYSTEM") {
		keys := []string{"public", "system"}
		if !public {
			keys = keys[1:]
		}
		for _, key := range keys {
			r.space()
			value, err := r.quoted()
			if err != nil {
				return err
			}
			n.attrs = append(n.attrs, xmlAttr{key, value})
		}
	}
	r.space()
	if r.accept("[") {
		if n.text, err = r.subset(); err != nil {
			return err
		}
		r.space()
	}
	if !r.accept(">") {
		return r.fail("the document type is not closed")
	}
	doc.append(n)
	return nil
}

// subset takes the text up to the ] that is in no literal and no comment.
func (r *xmlReader) subset() (string, error) {
	from := r.pos
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; {
		case c == ']':
			r.pos++
			return normalizeSubset(r.text[from : r.pos-1]), nil
		case r.accept("<!--"):
			if _, err := r.until("-->"); err != nil {
				return "", err
			}
		case c == '"' || c == '\'':
			if _, err := r.quoted(); err != nil {
				return "", err
			}
		default:
			r.pos++
		}
	}
	return "", r.fail("the internal subset is not closed")
}

// normalizeSubset turns a lone carriage return into a line feed and, unlike in text,
// keeps the pair of both, as .NET does.
func normalizeSubset(s string) string {
	const pair = "\x00"
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", pair), "\r", "\n")
	return strings.ReplaceAll(s, pair, "\r\n")
}

func (r *xmlReader) quoted() (string, error) {
	for _, quote := range []string{`"`, "'"} {
		if r.accept(quote) {
			return r.until(quote)
		}
	}
	return "", r.fail("a quoted value is missing")
}

// maxXMLDepth bounds the nesting of elements.
const maxXMLDepth = 4 * MaxDepth

func (r *xmlReader) element(parent *xmlNode, preserve bool) error {
	if r.depth++; r.depth > maxXMLDepth {
		return r.fail("XML nests deeper than %d levels", maxXMLDepth)
	}
	defer func() { r.depth-- }()
	if parent.kind == xmlDocument && parent.root() != nil {
		return r.fail("there is more than one root element")
	}
	name, err := r.qualifiedName()
	if err != nil {
		return err
	}
	n := &xmlNode{kind: xmlElement, name: name}
	parent.append(n)
	if err := r.attributes(n); err != nil {
		return err
	}
	if err := r.checkPrefixes(n); err != nil {
		return err
	}
	if r.accept("/>") {
		n.closed = true
		return nil
	}
	if !r.accept(">") {
		return r.fail("the tag of '%s' is not closed", name)
	}
	if mode, ok := n.attr("xml:space"); ok {
		preserve = mode == "preserve"
	}
	return r.content(n, preserve)
}

// attributes reads name="value" pairs.
func (r *xmlReader) attributes(n *xmlNode) error {
	for r.space() {
		if r.has(">") || r.has("/>") || r.has("?>") {
			return nil
		}
		name, err := r.qualifiedName()
		if err != nil {
			return err
		}
		r.space()
		if !r.accept("=") {
			return r.fail("the attribute '%s' has no value", name)
		}
		r.space()
		raw, err := r.quoted()
		if err != nil {
			return err
		}
		value, ok := expandEntities(strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ").Replace(raw))
		if !ok || strings.Contains(raw, "<") {
			return r.fail("the value of the attribute '%s' is not valid", name)
		}
		if _, taken := n.attr(name); taken {
			return r.fail("the attribute '%s' occurs twice", name)
		}
		n.attrs = append(n.attrs, xmlAttr{name, value})
	}
	return nil
}

func (r *xmlReader) checkPrefixes(n *xmlNode) error {
	names := []string{n.name}
	for _, a := range n.attrs {
		names = append(names, a.name)
	}
	for _, name := range names {
		prefix, _ := splitName(name)
		if _, ok := n.namespace(prefix); !ok {
			return r.fail("the prefix '%s' is not declared", prefix)
		}
	}
	return nil
}

// qualifiedName reads name or prefix:name.
func (r *xmlReader) qualifiedName() (string, error) {
	from, colons := r.pos, 0
	for r.pos < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.pos:])
		first := r.pos == from || r.text[r.pos-1] == ':'
		if c == ':' && !first {
			colons++
		} else if !isNameChar(c) || first && !isNameStart(c) {
			break
		}
		r.pos += size
	}
	name := r.text[from:r.pos]
	if name == "" || colons > 1 || strings.HasSuffix(name, ":") {
		return "", r.fail("a name is missing or not valid")
	}
	return name, nil
}
