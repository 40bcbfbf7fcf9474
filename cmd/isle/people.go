package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// The commands of users, applications and roles do what any client can: they call the
// server's directory, in the form of Microsoft Graph, and Microsoft.Authorization.

// managing is what these commands have in common.
type managing struct {
	data   string
	asJSON bool
}

func (m *managing) flags(cmd *cobra.Command) *cobra.Command {
	dataFlag(cmd, &m.data)
	cmd.Flags().BoolVar(&m.asJSON, "json", false, "print JSON")
	return cmd
}

// with runs a command against the running server.
func (m *managing) with(run func(cmd *cobra.Command, args []string, c *client) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		c, done, err := connectRunning(cmd.Context(), m.data)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
		return run(cmd, args, c)
	}
}

// print shows one thing: as JSON, or its lines of name and value.
func (m *managing) print(w io.Writer, v any, lines ...string) error {
	if m.asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(v)
	}
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for i := 0; i+1 < len(lines); i += 2 {
		fmt.Fprintf(table, "%s\t%s\n", lines[i], lines[i+1])
	}
	return table.Flush()
}

// rows shows a list: one JSON object a line, or a table.
func rows[T any](m *managing, w io.Writer, head string, list []T, row func(T) []string) error {
	if m.asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		for _, v := range list {
			if err := encoder.Encode(v); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, head)
	for _, v := range list {
		fmt.Fprintln(table, strings.Join(row(v), "\t"))
	}
	return table.Flush()
}

// person is a user as the directory shows it.
type person struct {
	ID       string `json:"id"`
	UPN      string `json:"userPrincipalName"`
	Name     string `json:"displayName"`
	Enabled  bool   `json:"accountEnabled"`
	Password string `json:"password,omitempty"` // only where it was made
}

const usersPath = "/v1.0/users"

func userPath(name string) string { return usersPath + "/" + url.PathEscape(name) }

func userCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Manage the people who sign in to this server"}
	cmd.AddCommand(userCreate(), userList(), userReset(),
		userChange("delete", "Delete a user; what is signed in ends", http.MethodDelete, nil),
		userChange("disable", "Keep a user from signing in", http.MethodPatch, map[string]any{"accountEnabled": false}),
		userChange("enable", "Let a user sign in again", http.MethodPatch, map[string]any{"accountEnabled": true}))
	return cmd
}

func userCreate() *cobra.Command {
	var m managing
	var name, roleName string
	var stdin bool
	cmd := &cobra.Command{Use: "create NAME", Short: "Make a user, such as ann or ann@isle.local; a password is made and printed once", Args: cobra.ExactArgs(1),
		Example: "  isle user create ann --name 'Ann Example'\n  isle role create Reader --assignee ann@isle.local\n  isle user create bob --role Owner",
		RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
			var role roleDefinition
			if roleName != "" {
				var err error
				if role, err = findRole(cmd, c, "/subscriptions/"+c.operator.SubscriptionID, roleName); err != nil {
					return err
				}
			}
			password, made, err := readPassword(cmd, stdin)
			if err != nil {
				return err
			}
			var p person
			body := map[string]any{"accountEnabled": true, "userPrincipalName": args[0], "displayName": name, "passwordProfile": map[string]any{"password": password, "forceChangePasswordNextSignIn": false}}
			if _, err := c.call(cmd.Context(), http.MethodPost, usersPath, body, &p); err != nil {
				return err
			}
			p.Password = made
			if err := m.print(cmd.OutOrStdout(), p, shownUser(p)...); err != nil || roleName == "" {
				return err
			}
			_, err = giveRole(cmd, c, "/subscriptions/"+c.operator.SubscriptionID, role, directoryObject{ID: p.ID, UPN: p.UPN})
			return err
		})}
	cmd.Flags().StringVar(&name, "name", "", "the name that is shown")
	cmd.Flags().StringVar(&roleName, "role", "", "a role that the user gets for the subscription, such as Reader or Owner")
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	return m.flags(cmd)
}

func shownUser(p person) []string {
	lines := []string{"User", p.UPN, "Object id", p.ID}
	if p.Password != "" {
		lines = append(lines, "Password", p.Password+"   (shown once)")
	}
	return lines
}

// readPassword reads the password, or makes one; made is what has to be shown.
func readPassword(cmd *cobra.Command, stdin bool) (password, made string, err error) {
	if stdin {
		text, err := readAll(cmd.InOrStdin())
		return strings.TrimRight(string(text), "\r\n"), "", err
	}
	made = rand.Text()
	return made, made, nil
}

func userList() *cobra.Command {
	var m managing
	return m.flags(&cobra.Command{Use: "list", Short: "List the users", Args: cobra.NoArgs, RunE: m.with(func(cmd *cobra.Command, _ []string, c *client) error {
		var found struct{ Value []person }
		if _, err := c.call(cmd.Context(), http.MethodGet, usersPath, nil, &found); err != nil {
			return err
		}
		return rows(&m, cmd.OutOrStdout(), "USER\tNAME\tENABLED\tOBJECT ID", found.Value, func(p person) []string {
			return []string{p.UPN, p.Name, fmt.Sprint(p.Enabled), p.ID}
		})
	})})
}

func userReset() *cobra.Command {
	var m managing
	var stdin bool
	cmd := &cobra.Command{Use: "reset NAME", Short: "Give a user another password, which is printed once; what is signed in ends", Args: cobra.ExactArgs(1),
		RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
			password, made, err := readPassword(cmd, stdin)
			if err != nil {
				return err
			}
			name, p, err := fullName(cmd, c, args[0])
			if err != nil {
				return err
			}
			if _, err := c.call(cmd.Context(), http.MethodPatch, userPath(name), map[string]any{"passwordProfile": map[string]any{"password": password, "forceChangePasswordNextSignIn": false}}, nil); err != nil {
				return err
			}
			p.Password = made
			return m.print(cmd.OutOrStdout(), p, shownUser(p)...)
		})}
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	return m.flags(cmd)
}

// fullName finds a user by the name before the @ too.
func fullName(cmd *cobra.Command, c *client, name string) (string, person, error) {
	var p person
	_, err := c.call(cmd.Context(), http.MethodGet, userPath(name), nil, &p)
	if !strings.Contains(name, "@") && isNotFound(err) {
		var tenants struct {
			Value []struct {
				VerifiedDomains []struct{ Name string }
			}
		}
		if _, err := c.call(cmd.Context(), http.MethodGet, "/v1.0/organization", nil, &tenants); err != nil {
			return "", p, err
		}
		if len(tenants.Value) > 0 && len(tenants.Value[0].VerifiedDomains) > 0 {
			name += "@" + tenants.Value[0].VerifiedDomains[0].Name
			_, err = c.call(cmd.Context(), http.MethodGet, userPath(name), nil, &p)
		}
	}
	return name, p, err
}

func userChange(verb, short, method string, body any) *cobra.Command {
	var m managing
	return m.flags(&cobra.Command{Use: verb + " NAME", Short: short, Args: cobra.ExactArgs(1), RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
		name, p, err := fullName(cmd, c, args[0])
		if err != nil {
			return err
		}
		if _, err := c.call(cmd.Context(), method, userPath(name), body, nil); err != nil {
			return err
		}
		p.Enabled = verb == "enable"
		return m.print(cmd.OutOrStdout(), p, "User", name, "Done", verb)
	})})
}
