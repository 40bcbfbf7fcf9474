package logic

import "isle/expr"

// skus is the answer of GET {environment}/skus (logic-api §3.4).
func skus() expr.Value {
	sku := func(name string, maximum int64, scale string) expr.Value {
		return object(
			member("resourceType", expr.String(environmentType)),
			member("sku", object(member("name", expr.String(name)))),
			member("capacity", object(
				member("minimum", expr.Int(0)),
				member("maximum", expr.Int(maximum)),
				member("default", expr.Int(0)),
				member("scaleType", expr.String(scale)))))
	}
	return expr.Array(sku(skuPremium, maxCapacity, "Automatic"), sku(skuDeveloper, 0, "None"))
}

// object and member build the values that are served.
func object(members ...expr.Member) expr.Value { return expr.Object(members...) }

func member(name string, v expr.Value) expr.Member { return expr.Member{Name: name, Value: v} }

// texts is an array of strings.
func texts(list ...string) expr.Value {
	values := make([]expr.Value, len(list))
	for i, s := range list {
		values[i] = expr.String(s)
	}
	return expr.Array(values...)
}
