package expr

func xmlFunctions() []Function { return nil }
