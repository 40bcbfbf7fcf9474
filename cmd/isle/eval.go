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
	cmd := &cobra.Command{
		Use:   "eval [EXPR]",
		Short: "Evaluate a workflow expression",
		Long: `Evaluate an expression, written as in a definition: "@add(1, 2)" or
"Hello @{variables('name')}". --context names a JSON file with what it may read:
parameters, variables, triggerOutputs, triggerBody, outputs, actions, item, items,
results, workflow, iterationIndexes, utcNow.

--batch names a JSON array of {id, expression, context?}; each gives one line:
{"id", "value"} or {"id", "error": {"code", "message"}}.`,
		Example: `  isle eval "@concat('a', 'b')"
  isle eval --context order.json "@mul(triggerBody()?['qty'], triggerBody()?['price'])"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case batch != "" && len(args) == 0:
				return evalBatch(cmd, context, batch)
			case batch == "" && len(args) == 1:
				return evalOne(cmd, context, args[0])
			}
			return errors.New("give one expression, or --batch FILE")
		},
	}
	cmd.Flags().StringVar(&context, "context", "", "a JSON file with what the expression may read")
	cmd.Flags().StringVar(&batch, "batch", "", "a JSON file with many expressions")
	return cmd
}

func evalOne(cmd *cobra.Command, contextFile, expression string) error {
	context, err := readContext(cmd, contextFile)
	if err != nil {
		return err
	}
	v, err := evaluate(expr.String(expression), context)
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
func evalBatch(cmd *cobra.Command, contextFile, file string) error {
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
	for i, item := range batch.Elements() {
		if _, ok := item.Get("expression"); !ok {
			return fmt.Errorf("%s: item %d has no \"expression\"", file, i+1)
		}
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	defer out.Flush()
	for _, item := range batch.Elements() {
		if err := evalItem(out, item, context); err != nil {
			return err
		}
	}
	return out.Flush()
}

func evalItem(w io.Writer, item, context expr.Value) error {
	id, _ := item.Get("id")
	expression, _ := item.Get("expression")
	if own, ok := item.Get("context"); ok && !own.IsNull() {
		context = own
	}
	answer := expr.Object(expr.Member{Name: "id", Value: id})
	v, err := evaluate(expression, context)
	if err == nil {
		answer = answer.With("value", v)
	} else {
		answer = answer.With("error", expr.Object(
			expr.Member{Name: "code", Value: expr.String("InvalidTemplate")},
			expr.Member{Name: "message", Value: expr.String(err.Error())}))
	}
	_, err = fmt.Fprintf(w, "%s\n", answer.JSON())
	return err
}

// evaluate compiles and evaluates a template: any JSON value whose strings may be
// expressions.
func evaluate(template, context expr.Value) (expr.Value, error) {
	compiled, problems := expr.Workflow().Compile(template)
	if len(problems) > 0 {
		return expr.Value{}, errors.New(problems[0].Message)
	}
	env, err := newEvalContext(context)
	if err != nil {
		return expr.Value{}, err
	}
	return compiled.Eval(env)
}

// now is the commands' clock.
func now() time.Time { return time.Now().UTC() }
