package account

import (
	"isle/expr"
	"isle/internal/arm"
)

func assemblyKind() *kind {
	return &kind{
		segment: "assemblies", model: "AssemblyProperties", missing: "IntegrationAccountAssemblyNotFound",
		most: perSKU{free: 10, basic: 25, standard: 1000}, single: true, content: base64Content, check: checkAssembly,
	}
}

// checkAssembly completes what the request leaves out of the assembly's identity. It
// need not be readable, as in the service (logic-api §2.7).
func checkAssembly(d *draft, found *arm.Found) {
	checkContentType(d, found)
	if name, given := d.properties.Get("assemblyName"); given && name.Text() == "" {
		found.Add("InvalidRequestContent", "properties.assemblyName", "The name of the assembly is empty.")
	}
	if _, given := d.properties.Get("assemblyVersion"); !given && d.content != nil {
		d.set("assemblyVersion", expr.String("0.0.0.0"))
	}
}
