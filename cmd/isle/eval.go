package main

import (
	"encoding/json"
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
				return evalBatch(cmd, batch)
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
	context := expr.Object()
	if contextFile != "" {
		content, err := readInput(cmd, contextFile)
		if err != nil {
			return err
		}
		if context, err = expr.ParseJSON(trimBOM(content)); err != nil {
			return fmt.Errorf("%s: %w", contextFile, err)
		}
	}
	v, err := evaluate(expr.String(expression), context)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", v.JSON())
	return err
}

func evalBatch(cmd *cobra.Command, file string) error {
	content, err := readInput(cmd, file)
	if err != nil {
		return err
	}
	batch, err := expr.ParseJSON(trimBOM(content))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if batch.Kind() != expr.KindArray {
		return fmt.Errorf("%s: a batch is a JSON array of {id, expression, context?}", file)
	}
	for _, item := range batch.Elements() {
		if err := evalItem(cmd.OutOrStdout(), item); err != nil {
			return err
		}
	}
	return nil
}

func evalItem(w io.Writer, item expr.Value) error {
	id, _ := item.Get("id")
	expression, _ := item.Get("expression")
	context, ok := item.Get("context")
	if !ok {
		context = expr.Object()
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
	return compiled.Eval(newEvalContext(context))
}

// compactJSON is for messages.
func compactJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// now is the commands' clock.
func now() time.Time { return time.Now().UTC() }
