package expr

import "slices"

// workflowFunctions is the list of the workflow dialect: every function of the
// reference's wdl-functions.json.
func workflowFunctions() []Function {
	return slices.Concat(
		stringFunctions(), collectionFunctions(), logicalFunctions(), conversionFunctions(), xmlFunctions(),
		mathFunctions(), dateFunctions(), numberFormatFunctions(), uriFunctions(), contextualFunctions(),
	)
}
