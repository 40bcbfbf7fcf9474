package expr_test

import (
	"fmt"
	"time"

	"isle/expr"
)

// orders is an Env that knows one item.
type orders struct{ item expr.Value }

func (o orders) Now() time.Time { return time.Date(2026, 3, 5, 14, 7, 0, 0, time.UTC) }
func (o orders) Random() uint64 { return 4 }
func (o orders) Lookup(function string, args []expr.Value) (expr.Value, error) {
	if function == "item" {
		return o.item, nil
	}
	return expr.Null(), expr.NotExpected(function)
}

func ExampleTemplate_Eval() {
	tree, _ := expr.ParseJSON([]byte(`{"to":"@item()?['mail']","subject":"Order @{item()['id']}"}`))
	template, problems := expr.Workflow().Compile(tree)
	if problems != nil {
		fmt.Println(problems)
		return
	}
	item, _ := expr.ParseJSON([]byte(`{"id":7,"mail":"ann@example.com"}`))
	v, err := template.Eval(orders{item})
	fmt.Println(string(v.JSON()), err)
	// Output: {"to":"ann@example.com","subject":"Order 7"} <nil>
}

// A linter shows every problem at its place.
func ExampleDialect_Compile() {
	tree, _ := expr.ParseJSON([]byte(`{"a":"@add(1)","b":["x @{item(}","@concat(\n  nope())"]}`))
	_, problems := expr.Workflow().Compile(tree)
	for _, p := range problems {
		fmt.Printf("%s, line %d, column %d: %s: %.60s…\n", p.Pointer, p.Line, p.Column, p.Code, p.Message)
	}
	// Output:
	// /a, line 1, column 2: WrongArgumentCount: The template language function 'add' expects two numeric par…
	// /b/0, line 1, column 10: ExpressionSyntax: Unable to parse template language expression 'item(': expect…
	// /b/1, line 2, column 3: UnknownFunction: The template function 'nope' is not defined or not valid.…
}

// A formatter prints expressions in one form.
func ExampleTemplate_String() {
	template, _ := expr.Workflow().CompileString("@if( equals(item()?.id,7),'a' , 'b')")
	fmt.Println(template)
	// Output: @if(equals(item()?['id'], 7), 'a', 'b')
}

// An editor completes and explains.
func ExampleDialect_Functions() {
	for _, f := range expr.Workflow().Functions() {
		if f.Name == "substring" {
			fmt.Println(f.Signature())
			fmt.Println(f.Category+":", f.Summary)
		}
	}
	// Output:
	// substring(text: string, start: integer, length?: integer): string
	// string: The part of a text from a position on.
}

// The calls of a template say what it depends on.
func ExampleTemplate_Calls() {
	template, _ := expr.Workflow().CompileString("@concat(body('Get')?['x'], variables('y'))")
	for _, call := range template.Calls() {
		if call.Contextual {
			fmt.Println(call.Function, *call.Literal[0], "in", call.Parent)
		}
	}
	// Output:
	// body Get in concat
	// variables y in concat
}
