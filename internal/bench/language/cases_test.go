package main

// subject is one thing to say, in the words of each language.
type subject struct {
	name  string
	isle  string // a JSON tree with expressions inside
	where string // for list filters: the condition of a Query, isle being its from
	cel   string
	expr  string
}

// order is the body that every expression reads, as body or triggerBody().
const order = `{"id":"SO-2041-NO","status":"open","qty":3,"price":12.5,
"customer":{"name":"Ann","address":{"city":"Oslo","geo":{"lat":59.9,"lon":10.7}}},
"tags":["red","green","blue"],
"lines":[{"sku":"A-1","qty":1},{"sku":"B-2","qty":5},{"sku":"C-3","qty":2},{"sku":"D-4","qty":0},{"sku":"E-5","qty":9}]}`

// subjects are what all three can say and give one answer to.
var subjects = []subject{
	{
		name: "arithmetic",
		isle: `"@add(mul(triggerBody()?['qty'], triggerBody()?['price']), 5.5)"`,
		cel:  `body.qty * body.price + 5.5`,
		expr: `body.qty * body.price + 5.5`,
	},
	{
		name: "string building",
		isle: `"@concat('Order ', triggerBody()?['id'], ' for ', triggerBody()?['customer']?['name'])"`,
		cel:  `'Order ' + body.id + ' for ' + body.customer.name`,
		expr: `'Order ' + body.id + ' for ' + body.customer.name`,
	},
	{
		name: "interpolation",
		isle: `"Order @{triggerBody()?['id']} has @{triggerBody()?['qty']} items"`,
		cel:  `'Order ' + body.id + ' has ' + string(body.qty) + ' items'`,
		expr: `'Order ' + body.id + ' has ' + string(body.qty) + ' items'`,
	},
	{
		name: "deep property",
		isle: `"@triggerBody()['customer']['address']['geo']['lat']"`,
		cel:  `body.customer.address.geo.lat`,
		expr: `body.customer.address.geo.lat`,
	},
	{
		name: "index",
		isle: `"@triggerBody()['lines'][1]['sku']"`,
		cel:  `body.lines[1].sku`,
		expr: `body.lines[1].sku`,
	},
	{
		name: "if",
		isle: `"@if(greater(triggerBody()?['qty'], 2), 'many', 'few')"`,
		cel:  `body.qty > 2.0 ? 'many' : 'few'`,
		expr: `body.qty > 2 ? 'many' : 'few'`,
	},
	{
		name: "condition",
		isle: `"@and(equals(triggerBody()?['status'], 'open'), or(greater(triggerBody()?['qty'], 10), less(triggerBody()?['price'], 20)))"`,
		cel:  `body.status == 'open' && (body.qty > 10.0 || body.price < 20.0)`,
		expr: `body.status == 'open' && (body.qty > 10 || body.price < 20)`,
	},
	{
		name:  "list filter",
		isle:  `"@triggerBody()?['lines']"`,
		where: `"@greater(item()?['qty'], 1)"`,
		cel:   `body.lines.filter(x, x.qty > 1.0)`,
		expr:  `filter(body.lines, .qty > 1)`,
	},
	{
		name: "contains",
		isle: `"@contains(triggerBody()?['tags'], 'blue')"`,
		cel:  `'blue' in body.tags`,
		expr: `'blue' in body.tags`,
	},
	{
		name: "string functions",
		isle: `"@toLower(substring(triggerBody()?['id'], 0, 7))"`,
		cel:  `body.id.substring(0, 7).lowerAscii()`,
		expr: `lower(body.id[0:7])`,
	},
	{
		name: "object",
		isle: `{"id":"@triggerBody()?['id']","total":"@mul(triggerBody()?['qty'], triggerBody()?['price'])","big":"@greater(triggerBody()?['qty'], 2)"}`,
		cel:  `{'id': body.id, 'total': body.qty * body.price, 'big': body.qty > 2.0}`,
		expr: `{'id': body.id, 'total': body.qty * body.price, 'big': body.qty > 2}`,
	},
}
