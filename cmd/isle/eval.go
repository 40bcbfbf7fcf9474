package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"isle/expr"
)

func evalCommand() *cobra.Command {
	var context, batch string
	var template bool
	cmd := &cobra.Command{
		Use:   "eval [EXPR]",
		Short: "Evaluate an expression of a workflow or a template",
		Long: `Evaluate an expression, written as in a definition: "@add(1, 2)" or
"Hello @{variables('name')}". --context names a JSON file with what it may read:
parameters, variables, triggerOutputs, triggerBody, outputs, actions, item, items,
results, workflow, iterationIndexes, utcNow.

--batch names a JSON array of {id, expression, context?}; each gives one line:
{"id", "value"} or {"id", "error": {"code", "message"}}. An expression with several
problems has all of them in "details" of its error. The exit code is 0 when the batch
could be read.

--template takes expressions as they stand in deployment templates: "[add(1, 2)]".
They may read parameters and variables of the context.`,
		Example: `  isle eval "@concat('a', 'b')"
  isle eval --context order.json "@mul(triggerBody()?['qty'], triggerBody()?['price'])"
  isle eval --template "[toLower(concat('A', uniqueString('b')))]"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dialect := expr.Workflow()
			if template {
				dialect = expr.ResourceTemplate()
			}
			switch {
			case batch != "" && len(args) == 0:
				return evalBatch(cmd, dialect, context, batch)
			case batch == "" && len(args) == 1:
				return evalOne(cmd, dialect, context, args[0])
			}
			return errors.New("give one expression, or --batch FILE")
		},
	}
	cmd.Flags().StringVar(&context, "context", "", "a JSON file with what the expression may read")
	cmd.Flags().StringVar(&batch, "batch", "", "a JSON file with many expressions")
	cmd.Flags().BoolVar(&template, "template", false, "expressions of deployment templates, in [ ]")
	return cmd
}

func evalOne(cmd *cobra.Command, dialect *expr.Dialect, contextFile, expression string) error {
	context, err := readContext(cmd, contextFile)
	if err != nil {
		return err
	}
	v, err := evaluate(dialect, expr.String(expression), context)
	var malformed malformedError
	if errors.As(err, &malformed) {
		for _, p := range malformed[1:] {
			err = fmt.Errorf("%w\n%s", err, p.Message)
		}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", v.JSON())
	return err
}

// readContext reads a context file; none is an empty context.
func readContext(cmd *cobra.Command, file string) (expr.Value, error) {
	if file == "" {
		return expr.Object(), nil
	}
	return readValue(cmd, file)
}

func readValue(cmd *cobra.Command, file string) (expr.Value, error) {
	content, err := readInput(cmd, file)
	if err != nil {
		return expr.Null(), err
	}
	v, err := expr.ParseJSON(trimBOM(content))
	if err != nil {
		return v, fmt.Errorf("%s: this is not JSON: %w", file, err)
	}
	return v, nil
}

// evalBatch evaluates each item in its own context, else in the common one.
func evalBatch(cmd *cobra.Command, dialect *expr.Dialect, contextFile, file string) error {
	context, err := readContext(cmd, contextFile)
	if err != nil {
		return err
	}
	batch, err := readValue(cmd, file)
	if err != nil {
		return err
	}
	if batch.Kind() != expr.KindArray {
		return fmt.Errorf("%s: a batch is a JSON array of {id, expression, context?}", file)
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	defer out.Flush()
	for _, item := range batch.Elements() {
		if err := evalItem(out, dialect, item, context); err != nil {
			return err
		}
	}
	return out.Flush()
}

// errNoExpression is what an item of a batch is told that cannot be evaluated.
var errNoExpression = errors.New("The item has no \"expression\": an item of a batch is an object {id, expression, context?}.")

func evalItem(w io.Writer, dialect *expr.Dialect, item, context expr.Value) error {
	id, _ := item.Get("id")
	if own, ok := item.Get("context"); ok && !own.IsNull() {
		context = own
	}
	answer := expr.Object(expr.Member{Name: "id", Value: id})
	v, err := expr.Null(), errNoExpression
	if expression, ok := item.Get("expression"); ok {
		v, err = evaluate(dialect, expression, context)
	}
	if err == nil {
		answer = answer.With("value", v)
	} else {
		answer = answer.With("error", wireError(err))
	}
	_, err = fmt.Fprintf(w, "%s\n", answer.JSON())
	return err
}

// wireError is {code, message}, with details when an expression has several problems.
func wireError(err error) expr.Value {
	one := func(message string) expr.Value {
		return expr.Object(expr.Member{Name: "code", Value: expr.String("InvalidTemplate")}, expr.Member{Name: "message", Value: expr.String(message)})
	}
	v := one(err.Error())
	var malformed malformedError
	if errors.As(err, &malformed) && len(malformed) > 1 {
		var details []expr.Value
		for _, p := range malformed {
			details = append(details, one(p.Message))
		}
		v = v.With("details", expr.Array(details...))
	}
	return v
}

// malformedError are all problems of an expression that cannot be evaluated.
type malformedError []expr.Problem

func (e malformedError) Error() string { return e[0].Message }

// evaluate compiles and evaluates a template: any JSON value whose strings may be
// expressions.
func evaluate(dialect *expr.Dialect, template, context expr.Value) (expr.Value, error) {
	compiled, problems := dialect.Compile(template)
	if len(problems) > 0 {
		return expr.Value{}, malformedError(problems)
	}
	env, err := newEvalContext(context)
	if err != nil {
		return expr.Value{}, err
	}
	return compiled.Eval(env)
}

// now is the commands' clock.
func now() time.Time { return time.Now().UTC() }
