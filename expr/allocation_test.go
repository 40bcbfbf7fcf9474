//go:build !race

package expr

import "testing"

// The race detector makes a pool drop what it is given now and then, so that
// allocations are counted without it.

func TestEvaluationAllocatesOnlyItsResult(t *testing.T) {
	env := &bodyEnv{mustParse(t, orderBody)}
	for text, most := range map[string]float64{
		"@mul(triggerBody()?['qty'], triggerBody()?['price'])":                                 0,
		"@and(equals(triggerBody()?['id'], 'A-1'), not(less(triggerBody()?['qty'], 2)))":       0,
		"@triggerBody()?['customer']?['address']?['city']":                                     0,
		"@concat(triggerBody()?['id'], ' ', triggerBody()?['customer']?['name'])":              1,
		"Order @{triggerBody()?['id']} of @{triggerBody()?['qty']}":                            1,
		"@createArray(triggerBody()?['id'], triggerBody()?['lines'][0], triggerBody()['qty'])": 2,
	} {
		tmpl, problems := Workflow().CompileString(text)
		if problems != nil {
			t.Fatal(problems)
		}
		evaluate := func() {
			if _, err := tmpl.Eval(env); err != nil {
				t.Error(err)
			}
		}
		evaluate() // what is decoded of the body stays decoded
		if n := testing.AllocsPerRun(100, evaluate); n > most {
			t.Errorf("%s: %v allocations, want at most %v", text, n, most)
		}
	}
}

// TestConditionsAllocateLittle: at most two allocations, in either form.
func TestConditionsAllocateLittle(t *testing.T) {
	env := &bodyEnv{mustParse(t, orderBody)}
	for _, text := range []string{
		`"@greater(triggerBody()?['price'], 10)"`,
		`"@and(equals(triggerBody()?['id'], 'A-1'), or(less(triggerBody()?['qty'], 2), contains(triggerBody()?['customer']?['name'], 'nn')))"`,
		`"@not(empty(triggerBody()?['lines']))"`,
		`"@contains(triggerBody(), 'qty')"`,
		`"@startsWith(toUpper(triggerBody()?['customer']?['name']), 'AN')"`,
		`"@equals(length(triggerBody()?['lines']), mod(add(triggerBody()?['qty'], 1), 4))"`,
		`{"and":[{"equals":["@triggerBody()?['id']","A-1"]},{"not":{"contains":["@triggerBody()?['customer']?['name']","x"]}},{"or":[{"greater":["@triggerBody()?['qty']",5]},{"lessOrEquals":["@triggerBody()?['price']",12.5]}]}]}`,
	} {
		tmpl, problems := Workflow().CompileCondition(mustParse(t, text))
		if problems != nil {
			t.Fatal(text, problems)
		}
		evaluate := func() {
			if _, err := tmpl.Eval(env); err != nil {
				t.Error(err)
			}
		}
		evaluate()
		if n := testing.AllocsPerRun(100, evaluate); n > 2 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}
