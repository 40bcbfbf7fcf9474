package expr

// Functions that the run answers, through Env.Lookup (wdl-semantics §9).

// contextualFunctions are the names of workflow definitions. The form and multipart
// functions are computed here from the body of their action or trigger.
func contextualFunctions() []Function {
	lookup := func(name string, args int) Function {
		return Function{Name: name, Min: args, Max: args, Contextual: true, named: args == 1}
	}
	alias := func(name, of string, args int) Function {
		f := lookup(name, args)
		f.alias, f.dependent = of, args == 1
		return f
	}
	list := []Function{
		alias("actionBody", "body", 1), alias("actionOutputs", "outputs", 1), alias("triggers", "trigger", 0),
	}
	for _, name := range []string{"action", "item", "listCallbackUrl", "trigger", "triggerBody", "triggerOutputs", "workflow"} {
		list = append(list, lookup(name, 0))
	}
	for _, name := range []string{"appsetting", "iterationIndexes", "parameters"} {
		list = append(list, lookup(name, 1))
	}
	for _, name := range []string{"actions", "body", "items", "outputs", "result", "variables"} {
		f := lookup(name, 1)
		f.dependent = true
		list = append(list, f)
	}
	list = append(list, Function{Name: "accessKeys", Min: 1, Max: 1, Contextual: true, named: true, Deprecated: true})
	return append(list, formFunctions()...)
}
