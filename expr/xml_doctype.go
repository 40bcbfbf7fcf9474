package expr

// The document type: its internal subset gives entities, defaults of attributes and
// which attributes are IDs. Nothing outside the document is read. Parameter entities
// are not expanded, and an entity with markup in it is refused where it is used.

import (
	"errors"
	"fmt"
	"strings"
)

// maxEntityText bounds what all references of a document stand for, as .NET does.
const maxEntityText = 10_000_000

// xmlEntities is what a document type declares.
type xmlEntities struct {
	values   map[string]string    // of general entities, as written but for characters
	outside  map[string]bool      // those of other files, which stand for nothing
	open     map[string]bool      // those being expanded
	size     int                  // of all that was expanded
	attrs    map[string][]xmlAttr // by element, in order; only defaults have isDefault
	declared map[string]bool      // elements with attributes
	elements map[string]bool
}

var (
	errEntityMarkup = errors.New("Entities with markup or parameter entities are not supported.")
	errEntityText   = fmt.Errorf("The document type stands for more than %d characters.", maxEntityText)
)

// expand returns the text of an entity, with the entities in it.
func (e *xmlEntities) expand(name string) (string, error) {
	if e == nil {
		return "", fmt.Errorf("Reference to undeclared entity '%s'.", name)
	}
	value, ok := e.values[name]
	switch {
	case !ok:
		return "", fmt.Errorf("Reference to undeclared entity '%s'.", name)
	case e.open[name]:
		return "", fmt.Errorf("General entity '%s' references itself.", name)
	case strings.Contains(value, "<"):
		return "", errEntityMarkup
	}
	e.size += 8
	e.open[name] = true
	defer delete(e.open, name)
	var b strings.Builder
	for {
		before, after, found := strings.Cut(value, "&")
		b.WriteString(before)
		if e.size += len(before) + 1; e.size > maxEntityText {
			return "", errEntityText
		}
		if !found {
			return b.String(), nil
		}
		inner, rest, _ := strings.Cut(after, ";")
		text, err := e.inner(inner)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
		value = rest
	}
}

// inner is what a reference in the value of an entity stands for.
func (e *xmlEntities) inner(name string) (string, error) {
	if numeric, ok := strings.CutPrefix(name, "#"); ok {
		text, valid := characterReference(numeric)
		if !valid {
			return "", errors.New("Invalid syntax for a numeric entity reference.")
		}
		return text, nil
	}
	if c, ok := predefinedEntity(name); ok {
		return string(c), nil
	}
	return e.expand(name)
}

// addDefaults adds the attributes that a document type gives an element, and tells
// which are IDs. Defaults count as text that entities stand for.
func (e *xmlEntities) addDefaults(n *xmlNode) error {
	if e == nil || len(e.attrs[n.name]) == 0 {
		return nil
	}
	places := map[string]int{}
	for i := range n.attrs {
		places[n.attrs[i].name] = i
	}
	for _, declared := range e.attrs[n.name] {
		if i, given := places[declared.name]; given {
			n.attrs[i].isID = declared.isID && e.elements[n.name]
		} else if declared.isDefault {
			if e.size += 64 + len(declared.value); e.size > maxEntityText {
				return errEntityText
			}
			places[declared.name] = len(n.attrs)
			n.attrs = append(n.attrs, declared)
		}
	}
	return nil
}

// docType reads <!DOCTYPE name [PUBLIC "p" "s" | SYSTEM "s"] [[subset]]>.
func (r *xmlReader) docType(doc *xmlNode) error {
	switch {
	case doc.kind != xmlDocument || r.rootSeen:
		return r.fail("Unexpected DTD declaration.")
	case r.entities != nil:
		return r.fail("Cannot have multiple DTDs.")
	}
	r.entities = &xmlEntities{
		values: map[string]string{}, outside: map[string]bool{}, open: map[string]bool{},
		attrs: map[string][]xmlAttr{}, declared: map[string]bool{}, elements: map[string]bool{},
	}
	r.pos += len("<!DOCTYPE")
	if !r.space() {
		return r.unexpected("white space")
	}
	n := r.node(xmlDocType)
	var err error
	if n.name, err = r.qualifiedName(); err != nil {
		return err
	}
	r.space()
	if n.attrs, err = r.externalID(); err != nil {
		return err
	}
	if r.space(); r.accept("[") {
		from := r.pos
		if err := r.subset(); err != nil {
			return err
		}
		n.text = normalizeSubset(r.text[from : r.pos-1])
		r.space()
	}
	if !r.accept(">") {
		return r.unexpected("'>'")
	}
	doc.append(n)
	return nil
}

// externalID reads PUBLIC "p" "s" or SYSTEM "s", if one stands here.
func (r *xmlReader) externalID() ([]xmlAttr, error) {
	var attrs []xmlAttr
	var keys []string
	switch {
	case r.accept("PUBLIC"):
		keys = []string{"public", "system"}
	case r.accept("SYSTEM"):
		keys = []string{"system"}
	}
	for _, key := range keys {
		if !r.space() {
			if r.has(">") || r.has("[") {
				return nil, r.unexpected(`'"' or '''`)
			}
			return nil, r.fail("Expecting white space.")
		}
		value, err := r.quoted("an identifier")
		if err != nil {
			return nil, err
		}
		attrs = append(attrs, xmlAttr{name: key, value: value})
	}
	return attrs, nil
}

// normalizeSubset turns a lone carriage return into a line feed and, unlike in text,
// keeps the pair of both, as .NET does.
func normalizeSubset(s string) string {
	if !strings.Contains(s, "\r") {
		return s
	}
	const pair = "\x00"
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", pair), "\r", "\n")
	return strings.ReplaceAll(s, pair, "\r\n")
}

// subset reads declarations up to the closing bracket.
func (r *xmlReader) subset() error {
	for {
		r.space()
		var err error
		switch {
		case r.accept("]"):
			return nil
		case r.accept("<!--"):
			_, err = r.comment()
		case r.accept("<?"):
			_, err = r.until("?>", "a processing instruction")
		case r.accept("<!ENTITY"):
			err = r.entityDeclaration()
		case r.accept("<!ATTLIST"):
			err = r.attributeList()
		case r.accept("<!ELEMENT"):
			err = r.elementDeclaration()
		case r.accept("<!NOTATION"):
			if err = r.spaceThenName(); err == nil {
				err = r.restOfDeclaration()
			}
		case r.has("%"):
			return r.fail("%s", errEntityMarkup)
		default:
			return r.fail("Expected DTD markup was not found.")
		}
		if err != nil {
			return err
		}
	}
}

func (r *xmlReader) spaceThenName() error {
	if !r.space() {
		return r.fail("Expecting white space.")
	}
	_, err := r.qualifiedName()
	return err
}

// restOfDeclaration steps over what remains up to >.
func (r *xmlReader) restOfDeclaration() error {
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; c {
		case '>':
			r.pos++
			return nil
		case '"', '\'':
			if _, err := r.quoted("a declaration"); err != nil {
				return err
			}
		case '<', '[', ']':
			return r.unexpected("'>'")
		default:
			r.pos++
		}
	}
	return r.unexpected("'>'")
}

func (r *xmlReader) elementDeclaration() error {
	from := r.pos
	if err := r.spaceThenName(); err != nil {
		return err
	}
	r.entities.elements[strings.Trim(r.text[from:r.pos], xmlWhite)] = true
	if !r.space() {
		return r.fail("Expecting white space.")
	}
	if !r.has("EMPTY") && !r.has("ANY") && !r.has("(") {
		return r.fail("Invalid content model.")
	}
	return r.restOfDeclaration()
}

// entityDeclaration reads the rest of <!ENTITY [%] name ("value" | ID [NDATA n])>.
// Of several declarations of a name the first holds; entities of other files are
// empty.
func (r *xmlReader) entityDeclaration() error {
	if !r.space() {
		return r.fail("Expecting white space.")
	}
	parameter := r.accept("%") && r.space()
	name, err := r.name()
	if err != nil {
		return err
	}
	if !r.space() {
		return r.fail("Expecting white space.")
	}
	value := ""
	outside := r.has("SYSTEM") || r.has("PUBLIC")
	if outside {
		if _, err = r.externalID(); err == nil {
			err = r.restOfDeclaration()
		}
	} else if value, err = r.quoted("an entity"); err == nil {
		if r.space(); !r.accept(">") {
			err = r.unexpected("'>'")
		}
	}
	if err != nil || parameter {
		return err
	}
	if _, known := r.entities.values[name]; !known {
		r.entities.values[name], r.entities.outside[name] = replaceCharacterReferences(value), outside
	}
	return nil
}

// replaceCharacterReferences replaces &#10; and its like, and nothing else.
func replaceCharacterReferences(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "&#")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		digits, rest, closed := strings.Cut(after, ";")
		text, valid := characterReference(digits)
		if !closed || !valid {
			b.WriteString("&#")
			s = after
			continue
		}
		b.WriteString(text)
		s = rest
	}
}

// attributeList reads the rest of <!ATTLIST element (name type default)*>.
func (r *xmlReader) attributeList() error {
	from := r.pos
	if err := r.spaceThenName(); err != nil {
		return err
	}
	element := strings.Trim(r.text[from:r.pos], xmlWhite)
	for {
		spaced := r.space()
		if r.accept(">") {
			return nil
		}
		if !spaced {
			return r.fail("Expecting white space.")
		}
		a, err := r.attributeDefinition()
		if err != nil {
			return err
		}
		if r.entities.first(element, a.name) {
			r.entities.attrs[element] = append(r.entities.attrs[element], a)
		}
	}
}

// first reports whether an attribute of an element is declared for the first time.
func (e *xmlEntities) first(element, attribute string) bool {
	key := element + " " + attribute
	known := e.declared[key]
	e.declared[key] = true
	return !known
}

// attributeDefinition reads name, type and default of an attribute.
func (r *xmlReader) attributeDefinition() (xmlAttr, error) {
	name, err := r.qualifiedName()
	if err != nil {
		return xmlAttr{}, err
	}
	a := xmlAttr{name: name}
	r.space()
	from := r.pos
	if !r.has("(") {
		if _, err := r.name(); err != nil {
			return a, err
		}
	}
	a.isID = r.text[from:r.pos] == "ID"
	if r.space(); r.accept("(") {
		if _, err := r.until(")", "an enumeration"); err != nil {
			return a, err
		}
	}
	r.space()
	if r.accept("#IMPLIED") || r.accept("#REQUIRED") {
		return a, nil
	}
	r.accept("#FIXED")
	r.space()
	raw, err := r.quoted("a default")
	if err != nil {
		return a, err
	}
	end := r.pos - 1
	a.isDefault = true
	a.value, _, err = r.attributeValue(end-len(raw), end)
	r.pos = end + 1
	return a, err
}
