package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func urlCommand() *cobra.Command {
	var data, group string
	cmd := &cobra.Command{
		Use:   "url WORKFLOW",
		Short: "Print the callback URLs of a workflow's request triggers",
		Long: `Print the callback URL of each request trigger of a workflow. Who has the URL can
start runs: its signature is a secret.`,
		Example: `  isle url order -g integration`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, done, err := connect(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer done()
			workflows, err := (&history{client: c}).workflows(cmd.Context(), group, args[0])
			if err != nil {
				return err
			}
			if len(workflows) > 1 {
				return fmt.Errorf("%d resource groups have a workflow %q: choose one with -g", len(workflows), args[0])
			}
			urls, err := callbackURLs(cmd.Context(), c, workflows[0])
			for _, u := range urls {
				fmt.Fprintln(cmd.OutOrStdout(), u)
			}
			return err
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVarP(&group, "group", "g", "", "the workflow's resource group, when several have one of that name")
	return cmd
}

// callbackURLs are those of the triggers that have one.
func callbackURLs(ctx context.Context, c *client, w workflowItem) ([]string, error) {
	var urls []string
	err := c.pages(ctx, w.ID+"/triggers?api-version="+logicVersion, func(page []json.RawMessage) (bool, error) {
		for _, item := range page {
			var trigger struct{ Name string }
			if err := json.Unmarshal(item, &trigger); err != nil {
				return false, err
			}
			var callback struct{ Value string }
			_, err := c.call(ctx, http.MethodPost, w.ID+"/triggers/"+url.PathEscape(trigger.Name)+"/listCallbackUrl?api-version="+logicVersion, nil, &callback)
			if err == nil {
				urls = append(urls, callback.Value)
			} else if !isRefused(err) {
				return false, err
			}
		}
		return true, nil
	})
	if err == nil && len(urls) == 0 {
		err = fmt.Errorf("the workflow %s has no request trigger, so it has no callback URL", w.Name)
	}
	return urls, err
}
