package deploy

import (
	"slices"
	"strings"

	"isle/expr"
	"isle/wdl"
)

// The service refuses members that it does not know. Published templates hold more
// than it knows today, so only those are refused that are spelled like a known member
// which is not there: they mean it, and would be ignored.

func templateMembers() []string {
	return []string{"$schema", "contentVersion", "languageVersion", "apiProfile", "parameters", "variables", "functions",
		"resources", "outputs", "metadata", "definitions", "imports", "extensions", "asserts"}
}

func resourceMembers() []string {
	return []string{"condition", "type", "apiVersion", "name", "comments", "location", "dependsOn", "tags", "scope", "copy", "plan",
		"properties", "resources", "identity", "zones", "kind", "sku", "managedBy", "extendedLocation", "existing", "asserts",
		"metadata", "resourceGroup", "subscriptionId", "import", "extension", "placement"}
}

// checkMembers finds the misspelled members of an object; typ is what the service
// calls it.
func checkMembers(v expr.Value, pointer, typ string, known []string, found *problems) {
	for name := range v.Members() {
		if slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
			continue
		}
		meant := slices.IndexFunc(known, func(k string) bool { return wdl.Alike(k, name) && !hasMember(v, k) })
		if meant >= 0 {
			found.add(pointer+"/"+escape(name), "Could not find member '%s' on object of type '%s'. Did you mean '%s'?", name, typ, known[meant])
		}
	}
}
