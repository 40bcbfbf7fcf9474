package expr

// An XML reader that keeps what .NET's XmlDocument keeps, and as it does: line ends
// and white space in attributes stay as they are, references may name characters
// that cannot be written, text that is white space only is dropped unless
// xml:space="preserve" holds. Nothing outside the text is ever read; nesting and
// entities are bounded. Messages are those of .NET (wdl-semantics §8).

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of a document: the nesting of its elements, its nodes and attributes.
const (
	maxXMLDepth = 4 * MaxDepth
	maxXMLNodes = 5_000_000
)

// xmlReader is the state of a parse.
type xmlReader struct {
	text     string
	pos      int
	order    int32
	depth    int
	scope    *xmlScope
	entities *xmlEntities // nil without a document type
	spare    []xmlNode    // nodes to hand out
	tag      []xmlAttr    // those of the open tag
	attrs    []xmlAttr    // room for those of elements
	rootSeen bool
}

// parseXML reads a document.
func parseXML(text string) (*xmlNode, error) {
	r := &xmlReader{text: strings.TrimPrefix(text, "\uFEFF"), scope: newXMLScope()}
	if err := r.checkCharacters(); err != nil {
		return nil, err
	}
	doc := r.node(xmlDocument)
	if err := r.declaration(doc); err != nil {
		return nil, err
	}
	if err := r.content(doc, false); err != nil {
		return nil, err
	}
	if !r.rootSeen {
		return nil, errors.New("Root element is missing.")
	}
	return doc, nil
}

// xmlSyntaxError is a document that cannot be read.
type xmlSyntaxError struct {
	Message      string
	Line, Column int // from 1; columns in UTF-16 units
}

func (e *xmlSyntaxError) Error() string {
	return fmt.Sprintf("%s Line %d, position %d.", e.Message, e.Line, e.Column)
}

func (r *xmlReader) fail(format string, args ...any) error {
	before := r.text[:min(r.pos, len(r.text))]
	line := 1 + strings.Count(before, "\n")
	return &xmlSyntaxError{fmt.Sprintf(format, args...), line, 1 + utf16Length(before[strings.LastIndexByte(before, '\n')+1:])}
}

// unexpected tells what stands here instead of something else.
func (r *xmlReader) unexpected(want string) error {
	if r.pos >= len(r.text) {
		return r.fail("Unexpected end of file has occurred; %s is missing.", want)
	}
	return r.fail("'%c' is an unexpected token. The expected token is %s.", r.peek(), want)
}

func (r *xmlReader) peek() rune {
	c, _ := utf8.DecodeRuneInString(r.text[r.pos:])
	return c
}

// checkCharacters refuses what cannot stand in XML.
func (r *xmlReader) checkCharacters() error {
	for i := 0; i < len(r.text); {
		if c := r.text[i]; c >= ' ' && c < utf8.RuneSelf {
			i++
			continue
		}
		c, size := utf8.DecodeRuneInString(r.text[i:])
		if !isXMLChar(c) || c == utf8.RuneError && size == 1 {
			r.pos = i
			return r.fail("'%c', hexadecimal value 0x%02X, is an invalid character.", c, c)
		}
		i += size
	}
	return nil
}

// node hands out a node.
func (r *xmlReader) node(kind xmlKind) *xmlNode {
	if len(r.spare) == 0 {
		r.spare = make([]xmlNode, min(1024, 8+len(r.text)/64))
	}
	n := &r.spare[0]
	r.spare = r.spare[1:]
	n.kind, n.order = kind, r.order
	r.order++
	return n
}

func (r *xmlReader) leaf(parent *xmlNode, kind xmlKind, name, text string) {
	n := r.node(kind)
	n.name, n.text = name, text
	parent.append(n)
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
func (r *xmlReader) until(end, what string) (string, error) {
	i := strings.Index(r.text[r.pos:], end)
	if i < 0 {
		r.pos = len(r.text)
		return "", r.fail("Unexpected end of file while parsing %s has occurred.", what)
	}
	s := r.text[r.pos : r.pos+i]
	r.pos += i + len(end)
	return s, nil
}

// space steps over white space and reports whether there was any.
func (r *xmlReader) space() bool {
	from := r.pos
	for r.pos < len(r.text) && isXMLWhite(rune(r.text[r.pos])) {
		r.pos++
	}
	return r.pos > from
}

// name reads a name without a colon.
func (r *xmlReader) name() (string, error) {
	size := ncNameLength(r.text[r.pos:])
	if size == 0 {
		if r.pos >= len(r.text) {
			return "", r.fail("Unexpected end of file while parsing Name has occurred.")
		}
		return "", r.fail("Name cannot begin with the '%c' character, hexadecimal value 0x%02X.", r.peek(), r.peek())
	}
	r.pos += size
	return r.text[r.pos-size : r.pos], nil
}

// qualifiedName reads name or prefix:name.
func (r *xmlReader) qualifiedName() (string, error) {
	from := r.pos
	if _, err := r.name(); err != nil {
		return "", err
	}
	if r.accept(":") {
		if _, err := r.name(); err != nil {
			return "", err
		}
	}
	return r.text[from:r.pos], r.noColon()
}

func (r *xmlReader) noColon() error {
	if r.has(":") {
		return r.fail("The ':' character, hexadecimal value 0x3A, cannot be included in a name.")
	}
	return nil
}

// declaration reads <?xml version encoding? standalone? ?>, in this order.
func (r *xmlReader) declaration(doc *xmlNode) error {
	if !r.has("<?xml") || ncNameLength(r.text[2:]) != 3 {
		return nil
	}
	r.pos = len("<?xml")
	n := r.node(xmlDeclaration)
	n.name = "xml"
	doc.append(n)
	spaced := false
	for _, name := range []string{"version", "encoding", "standalone"} {
		spaced = r.space() || spaced
		if !r.accept(name) {
			if name == "version" {
				return r.fail("Syntax for an XML declaration is invalid.")
			}
			continue
		}
		if !spaced {
			return r.unexpected("'?>'")
		}
		value, err := r.assigned()
		if err != nil {
			return err
		}
		spaced = false
		switch {
		case name == "version" && value != "1.0":
			return r.fail("Version number '%s' is invalid.", value)
		case name == "standalone" && value != "yes" && value != "no":
			return r.fail("Syntax for an XML declaration is invalid.")
		case value != "":
			n.attrs = append(n.attrs, xmlAttr{name: name, value: value})
		}
	}
	if r.space(); !r.accept("?>") {
		return r.unexpected("'?>'")
	}
	return nil
}

// assigned reads = and a quoted value.
func (r *xmlReader) assigned() (string, error) {
	if r.space(); !r.accept("=") {
		return "", r.unexpected("'='")
	}
	r.space()
	return r.quoted("a value")
}

func (r *xmlReader) quoted(what string) (string, error) {
	for _, quote := range []string{`"`, "'"} {
		if r.accept(quote) {
			return r.until(quote, what)
		}
	}
	return "", r.unexpected(`'"' or '''`)
}

// content reads the children of a document or of an element, in the latter case
// with its end tag.
func (r *xmlReader) content(parent *xmlNode, preserve bool) error {
	for r.pos < len(r.text) {
		if r.order > maxXMLNodes {
			return r.fail("The document has more than %d nodes.", maxXMLNodes)
		}
		if r.text[r.pos] != '<' {
			if err := r.characters(parent, preserve); err != nil {
				return err
			}
			continue
		}
		if parent.kind == xmlElement && r.has("</") {
			return r.endTag(parent)
		}
		if err := r.markup(parent, preserve); err != nil {
			return err
		}
	}
	if parent.kind == xmlElement {
		return r.fail("Unexpected end of file has occurred. The following elements are not closed: %s.", parent.name)
	}
	return nil
}

func (r *xmlReader) endTag(n *xmlNode) error {
	r.pos += 2
	from := r.pos
	name, err := r.qualifiedName()
	if err != nil {
		return err
	}
	if name != n.name {
		r.pos = from
		return r.fail("The '%s' start tag does not match the end tag of '%s'.", n.name, name)
	}
	if r.space(); !r.accept(">") {
		return r.unexpected("'>'")
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
	switch {
	case parent.kind == xmlDocument && !white:
		r.space()
		return r.fail("Data at the root level is invalid.")
	case !white && strings.Contains(raw, "]]>"):
		r.pos += strings.Index(raw, "]]>")
		return r.fail("']]>' is not allowed in character data.")
	case !white:
		return r.mixedText(parent, r.pos+end)
	case preserve && parent.kind == xmlElement:
		r.leaf(parent, xmlSpace, "", raw)
	}
	r.pos += end
	return nil
}

// mixedText reads text with references up to end. References to entities of the
// document type become nodes of their own.
func (r *xmlReader) mixedText(parent *xmlNode, end int) error {
	from, pending := r.pos, ""
	flush := func() {
		if text := pending + r.text[from:r.pos]; text != "" {
			r.leaf(parent, xmlTextNode, "", text)
		}
		pending = ""
	}
	for {
		i := strings.IndexByte(r.text[r.pos:end], '&')
		if i < 0 {
			r.pos = end
			flush()
			return nil
		}
		r.pos += i
		at := r.pos
		ref, err := r.reference(at, end)
		if err != nil {
			return err
		}
		r.pos = at
		if ref.entity == "" {
			pending += r.text[from:r.pos] + ref.text
		} else {
			flush()
			r.leaf(parent, xmlReference, ref.entity, ref.text)
		}
		r.pos += ref.size
		from = r.pos
	}
}

// xmlReferenceText is what a reference stands for.
type xmlReferenceText struct {
	text   string
	entity string // its name, "" for characters and the five predefined entities
	size   int    // of the reference
}

// reference reads &name; or a reference to a character.
func (r *xmlReader) reference(pos, end int) (xmlReferenceText, error) {
	r.pos = pos + 1
	name, _, closed := strings.Cut(r.text[pos+1:end], ";")
	ref := xmlReferenceText{size: len(name) + 2}
	if numeric, ok := strings.CutPrefix(name, "#"); ok {
		text, valid := characterReference(numeric)
		if !closed || !valid {
			return ref, r.fail("Invalid syntax for a numeric entity reference.")
		}
		ref.text = text
		return ref, nil
	}
	if !closed || !isXMLName(name) {
		return ref, r.fail("An error occurred while parsing EntityName.")
	}
	if c, ok := predefinedEntity(name); ok {
		ref.text = string(c)
		return ref, nil
	}
	ref.entity = name
	var err error
	ref.text, err = r.entities.expand(name)
	if err != nil {
		return ref, r.fail("%s", err)
	}
	return ref, nil
}

// markup reads what begins with <, except end tags.
func (r *xmlReader) markup(parent *xmlNode, preserve bool) error {
	switch {
	case r.accept("<!--"):
		text, err := r.comment()
		if err != nil {
			return err
		}
		r.leaf(parent, xmlComment, "", text)
		return nil
	case r.has("<![CDATA[") && parent.kind == xmlElement:
		r.pos += len("<![CDATA[")
		text, err := r.until("]]>", "CDATA")
		if err != nil {
			return err
		}
		r.leaf(parent, xmlCData, "", text)
		return nil
	case r.accept("<?"):
		return r.instruction(parent)
	case r.has("<!DOCTYPE"):
		return r.docType(parent)
	case r.has("</"):
		return r.fail("Unexpected end tag.")
	case r.has("<!") && parent.kind == xmlDocument:
		return r.fail("Data at the root level is invalid.")
	}
	r.pos++
	return r.element(parent, preserve)
}

// comment reads up to the end of a comment.
func (r *xmlReader) comment() (string, error) {
	text, err := r.until("--", "Comment")
	if err == nil && !r.accept(">") {
		r.pos -= len("--")
		err = r.fail("An XML comment cannot contain '--', and '-' cannot be the last character.")
	}
	return text, err
}

func (r *xmlReader) instruction(parent *xmlNode) error {
	name, err := r.name()
	if err == nil {
		err = r.noColon()
	}
	if err != nil {
		return err
	}
	if strings.EqualFold(name, "xml") {
		r.pos -= len(name)
	}
	switch {
	case name == "xml":
		return r.fail("Unexpected XML declaration. The XML declaration must be the first node in the document, and no white space characters are allowed to appear before it.")
	case strings.EqualFold(name, "xml"):
		return r.fail("'%s' is an invalid name for processing instructions.", name)
	case !r.space() && !r.has("?>"):
		return r.unexpected("'?>'")
	}
	text, err := r.until("?>", "a processing instruction")
	if err != nil {
		return err
	}
	r.leaf(parent, xmlInstruction, name, text)
	return nil
}

func (r *xmlReader) element(parent *xmlNode, preserve bool) error {
	if r.depth++; r.depth > maxXMLDepth {
		return r.fail("The document nests deeper than %d levels.", maxXMLDepth)
	}
	mark := r.scope.mark()
	defer func() { r.depth--; r.scope.leave(mark) }()
	if parent.kind == xmlDocument {
		if r.rootSeen {
			return r.fail("There are multiple root elements.")
		}
		r.rootSeen = true
	}
	from := r.pos
	name, err := r.qualifiedName()
	if err != nil {
		return err
	}
	n := r.node(xmlElement)
	n.name = name
	parent.append(n)
	if err := r.attributes(n); err != nil {
		return err
	}
	if err := r.resolve(n, from); err != nil {
		return err
	}
	if n.bare = r.accept("/>"); n.bare {
		return nil
	}
	if !r.accept(">") {
		return r.unexpected("'>'")
	}
	if mode, ok := n.attr("xml:space"); ok {
		preserve = strings.Trim(mode, xmlWhite) == "preserve"
	}
	return r.content(n, preserve)
}

// attributes reads name="value" pairs.
func (r *xmlReader) attributes(n *xmlNode) error {
	r.tag = r.tag[:0]
	for r.space() {
		if r.has(">") || r.has("/") {
			break
		}
		a, err := r.attribute()
		if err != nil {
			return err
		}
		r.tag = append(r.tag, a)
	}
	if !r.has(">") && !r.has("/>") && r.pos < len(r.text) {
		if r.has("/") {
			return r.unexpected("'>'")
		}
		return r.fail("'%c' is an unexpected token. Expecting white space.", r.peek())
	}
	n.attrs = r.keep(r.tag)
	return nil
}

// keep copies the attributes of a tag to where they stay.
func (r *xmlReader) keep(attrs []xmlAttr) []xmlAttr {
	if len(attrs) == 0 {
		return nil
	}
	if len(attrs) > len(r.attrs) {
		r.attrs = make([]xmlAttr, max(len(attrs), min(512, 8+len(r.text)/256)))
	}
	kept := r.attrs[:len(attrs):len(attrs)]
	r.attrs = r.attrs[len(attrs):]
	copy(kept, attrs)
	return kept
}

func (r *xmlReader) attribute() (xmlAttr, error) {
	name, err := r.qualifiedName()
	if err != nil {
		return xmlAttr{}, err
	}
	raw, err := r.assigned()
	if err != nil {
		return xmlAttr{}, err
	}
	a := xmlAttr{name: name, value: raw}
	if strings.ContainsAny(raw, "&<") {
		end := r.pos - 1
		if a.value, a.source, err = r.attributeValue(end-len(raw), end); err != nil {
			return a, err
		}
		r.pos = end + 1
	}
	if name == "xml:space" && strings.Trim(a.value, xmlWhite) != "preserve" && strings.Trim(a.value, xmlWhite) != "default" {
		return a, r.fail("'%s' is an invalid xml:space value.", a.value)
	}
	return a, nil
}

// attributeValue replaces the references in a value; source is how to write it if
// there are any to entities of the document type.
func (r *xmlReader) attributeValue(pos, end int) (value, source string, err error) {
	var plain, written strings.Builder
	entities := false
	for pos < end {
		switch r.text[pos] {
		case '<':
			r.pos = pos
			return "", "", r.fail("'<', hexadecimal value 0x3C, is an invalid attribute character.")
		case '&':
			ref, err := r.reference(pos, end)
			if err != nil {
				return "", "", err
			}
			plain.WriteString(ref.text)
			if ref.entity != "" {
				if r.entities.outside[ref.entity] {
					return "", "", r.fail("External entity '%s' reference cannot appear in the attribute value.", ref.entity)
				}
				entities = true
				written.WriteString("&" + ref.entity + ";")
			} else {
				writeXMLAttribute(&written, ref.text)
			}
			pos += ref.size
		default:
			size := strings.IndexAny(r.text[pos:end], "&<")
			if size < 0 {
				size = end - pos
			}
			plain.WriteString(r.text[pos : pos+size])
			writeXMLAttribute(&written, r.text[pos:pos+size])
			pos += size
		}
	}
	if entities {
		source = written.String()
	}
	return plain.String(), source, nil
}

// resolve finds the namespaces of an element and its attributes, adds the defaults
// of the document type and refuses doubles.
func (r *xmlReader) resolve(n *xmlNode, from int) error {
	end := r.pos
	r.pos = from
	if err := r.entities.addDefaults(n); err != nil {
		return r.fail("%s", err)
	}
	r.order += int32(len(n.attrs))
	for i := range n.attrs {
		if a := &n.attrs[i]; a.declares() {
			if err := r.declare(a); err != nil {
				return err
			}
		}
	}
	prefix, _ := splitName(n.name)
	uri, ok := r.scope.lookup(prefix)
	if !ok {
		return r.undeclared(prefix)
	}
	if prefix == "xmlns" {
		return r.fail("Cannot bind to the reserved namespace.")
	}
	n.uri = uri
	for i := range n.attrs {
		a := &n.attrs[i]
		prefix, _ := splitName(a.name)
		switch {
		case a.name == "xmlns":
			a.uri = namespaceXMLNS
		case prefix != "":
			if a.uri, ok = r.scope.lookup(prefix); !ok {
				return r.undeclared(prefix)
			}
		}
	}
	if name := doubleAttribute(n.attrs); name != "" {
		return r.fail("'%s' is a duplicate attribute name.", name)
	}
	r.pos = end
	return nil
}

func (r *xmlReader) undeclared(prefix string) error {
	return r.fail("'%s' is an undeclared prefix.", prefix)
}

// declare brings the declaration of a namespace into force.
func (r *xmlReader) declare(a *xmlAttr) error {
	prefix := a.declared()
	switch {
	case prefix == "xml" && a.value != namespaceXML:
		return r.fail("Prefix \"xml\" is reserved for use by XML and can be mapped only to namespace name \"%s\".", namespaceXML)
	case prefix == "xmlns":
		return r.fail("Prefix \"xmlns\" is reserved for use by XML.")
	case prefix != "" && a.value == "":
		return r.fail("Invalid namespace declaration.")
	case a.value == namespaceXMLNS:
		return r.fail("Prefix '%s' cannot be mapped to namespace name reserved for \"xml\" or \"xmlns\".", prefix)
	}
	r.scope.declare(prefix, a.value)
	return nil
}

// doubleAttribute returns the first name that occurs twice, by namespace and local
// name.
func doubleAttribute(attrs []xmlAttr) string {
	if len(attrs) < 2 {
		return ""
	}
	same := func(a, b *xmlAttr) bool {
		if a.uri == "" || b.uri == "" || a.declares() != b.declares() {
			return a.name == b.name
		}
		_, localA := splitName(a.name)
		_, localB := splitName(b.name)
		return a.uri == b.uri && localA == localB
	}
	if len(attrs) <= 8 {
		for i := range attrs {
			for k := range attrs[:i] {
				if same(&attrs[i], &attrs[k]) {
					return attrs[i].name
				}
			}
		}
		return ""
	}
	type expanded struct{ uri, local string }
	seen := make(map[expanded]bool, len(attrs))
	for i := range attrs {
		name := expanded{attrs[i].uri, attrs[i].name}
		if name.uri != "" {
			_, name.local = splitName(name.local)
		}
		if seen[name] {
			return attrs[i].name
		}
		seen[name] = true
	}
	return ""
}

// characterReference reads the digits of &#10; or &#xA;. Any character may be
// referred to, also those that cannot be written, but no half of a pair.
func characterReference(digits string) (string, bool) {
	base := rune(10)
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	var c rune
	for _, d := range digits {
		v := rune(strings.IndexRune("0123456789abcdef", d|0x20))
		if '0' <= d && d <= '9' {
			v = d - '0'
		}
		if v < 0 || v >= base || d >= utf8.RuneSelf {
			return "", false
		}
		if c = c*base + v; c > utf8.MaxRune {
			return "", false
		}
	}
	return string(c), digits != "" && !utf16.IsSurrogate(c)
}

func predefinedEntity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	return 0, false
}
