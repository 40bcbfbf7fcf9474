package account

import (
	"encoding/xml"

	"isle/internal/arm"
)

const (
	namespaceXSL = "http://www.w3.org/1999/XSL/Transform"
	codeMap      = "InvalidMapContent"
	mapLiquid    = "Liquid"
)

func mapKind() *kind {
	return &kind{
		segment: "maps", model: "IntegrationAccountMapProperties", missing: "IntegrationAccountMapNotFound",
		most: perSKU{free: 25, basic: 500, standard: 1000}, filter: byProperty("mapType", arm.Text), content: textContent, check: checkMap,
	}
}

// checkMap holds a map to the form of its type.
func checkMap(d *draft, found *arm.Found) {
	checkContentType(d, found)
	switch typ := d.text("mapType"); {
	case typ == "NotSpecified":
		found.Add("InvalidRequestContent", "properties.mapType", "The type of the map must be given: Xslt, Xslt20, Xslt30 or Liquid.")
	case d.content == nil:
	case typ == mapLiquid:
		checkLiquid(d.content, found)
	case typ != "":
		checkStylesheet(d.content, found)
	}
}

// checkStylesheet wants a stylesheet: xsl:stylesheet or xsl:transform with a version, or
// any element with xsl:version, which is the short form of one.
func checkStylesheet(content []byte, found *arm.Found) {
	fault := ""
	err := walkXML(content, func(depth int, e xml.StartElement) {
		if depth == 0 {
			fault = stylesheetFault(e)
		}
	})
	switch {
	case err != nil:
		found.Add(codeMap, "properties.content", "The content of the map is no well-formed XML: %s.", err)
	case fault != "":
		found.Add(codeMap, "properties.content", "The content of the map is no XSLT stylesheet: %s.", fault)
	}
}

func stylesheetFault(root xml.StartElement) string {
	if root.Name.Space == namespaceXSL && (root.Name.Local == "stylesheet" || root.Name.Local == "transform") {
		if _, ok := attribute(root, "version"); !ok {
			return "its root has no attribute 'version'"
		}
		return ""
	}
	for _, a := range root.Attr {
		if a.Name.Space == namespaceXSL && a.Name.Local == "version" {
			return ""
		}
	}
	return "its root is '" + shorten(root.Name.Local) + "', neither 'stylesheet' nor 'transform' of '" + namespaceXSL + "'"
}
