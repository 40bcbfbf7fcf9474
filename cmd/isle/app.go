package main

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// application is an application as the directory shows it.
type application struct {
	ID       string       `json:"appId"`
	Name     string       `json:"displayName"`
	Secrets  []credential `json:"passwordCredentials"`
	Keys     []credential `json:"keyCredentials"`
	Public   bool         `json:"isFallbackPublicClient"`
	Object   string       `json:"objectId,omitempty"` // of the service principal
	Secret   string       `json:"clientSecret,omitempty"`
	TenantID string       `json:"tenantId,omitempty"`
}

type credential struct {
	ID   string     `json:"keyId"`
	Name string     `json:"displayName"`
	Hint string     `json:"hint,omitempty"`
	Ends *time.Time `json:"endDateTime"`
	Key  string     `json:"key,omitempty"`
	Type string     `json:"type,omitempty"`
	Use  string     `json:"usage,omitempty"`
}

const appsPath = "/v1.0/applications"

func appPath(id string) string { return appsPath + "/" + url.PathEscape(id) }

func appCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "app", Short: "Manage the applications (service principals) that sign in to this server"}
	cmd.AddCommand(appCreate(), appList(), appReset(), appCertificate(), appDelete())
	return cmd
}

func appCreate() *cobra.Command {
	var m managing
	var certificate string
	var redirects []string
	var public bool
	var life time.Duration
	cmd := &cobra.Command{Use: "create NAME", Short: "Make an application; its secret is printed once", Args: cobra.ExactArgs(1),
		Example: "  isle app create deploy\n  isle app create pipeline --certificate cert.pem\n  isle role create Contributor --assignee CLIENT-ID",
		RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
			body := map[string]any{"displayName": args[0], "isFallbackPublicClient": public}
			if len(redirects) > 0 {
				body[map[bool]string{true: "publicClient", false: "web"}[public]] = map[string]any{"redirectUris": redirects}
			}
			if certificate != "" {
				key, err := readCertificate(certificate)
				if err != nil {
					return err
				}
				body["keyCredentials"] = []credential{key}
			}
			var app application
			if _, err := c.call(cmd.Context(), http.MethodPost, appsPath, body, &app); err != nil {
				return err
			}
			if certificate == "" && !public {
				if err := addSecret(cmd, c, &app, life); err != nil {
					return err
				}
			}
			return m.showApp(cmd, c, app)
		})}
	cmd.Flags().StringVar(&certificate, "certificate", "", "a PEM file: the app signs in with this certificate's key instead of a secret")
	cmd.Flags().StringArrayVar(&redirects, "redirect-uri", nil, "where people may be sent back to, who sign in to the app")
	cmd.Flags().BoolVar(&public, "public", false, "people sign in to it without a secret of the app's own: a native or command-line app")
	cmd.Flags().DurationVar(&life, "expires-in", 0, "how long the secret is good, such as 720h (default two years)")
	return m.flags(cmd)
}

// readCertificate reads the certificate of a PEM file, which may hold a key too.
func readCertificate(file string) (credential, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return credential{}, inputError{err}
	}
	for len(content) > 0 {
		block, rest := pem.Decode(content)
		if block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			return credential{Type: "AsymmetricX509Cert", Use: "Verify", Key: base64.StdEncoding.EncodeToString(block.Bytes)}, nil
		}
		content = rest
	}
	return credential{}, inputError{fmt.Errorf("%s holds no certificate in PEM form", file)}
}

func addSecret(cmd *cobra.Command, c *client, app *application, life time.Duration) error {
	body := map[string]any{}
	if life > 0 {
		body["endDateTime"] = time.Now().Add(life).UTC().Format(time.RFC3339)
	}
	var made struct {
		credential
		Text string `json:"secretText"`
	}
	if _, err := c.call(cmd.Context(), http.MethodPost, appPath(app.ID)+"/addPassword", map[string]any{"passwordCredential": body}, &made); err != nil {
		return err
	}
	app.Secret, app.Secrets = made.Text, append(app.Secrets, made.credential)
	return nil
}

// showApp prints an application with what a client needs to sign in as it.
func (m *managing) showApp(cmd *cobra.Command, c *client, app application) error {
	var sp struct{ Value []struct{ ID string } }
	if _, err := c.call(cmd.Context(), http.MethodGet, "/v1.0/servicePrincipals?$filter="+url.QueryEscape("appId eq '"+app.ID+"'"), nil, &sp); err != nil {
		return err
	}
	if len(sp.Value) > 0 {
		app.Object = sp.Value[0].ID
	}
	app.TenantID = c.operator.TenantID
	lines := []string{"Application", app.Name, "Client id", app.ID, "Object id", app.Object, "Tenant id", app.TenantID}
	if app.Secret != "" {
		lines = append(lines, "Client secret", app.Secret+"   (shown once)")
	}
	return m.print(cmd.OutOrStdout(), app, lines...)
}

func listApps(cmd *cobra.Command, c *client) ([]application, error) {
	var found struct{ Value []application }
	_, err := c.call(cmd.Context(), http.MethodGet, appsPath, nil, &found)
	return found.Value, err
}

// findApp finds an application by its client id or its name.
func findApp(cmd *cobra.Command, c *client, name string) (application, error) {
	list, err := listApps(cmd, c)
	if err != nil {
		return application{}, err
	}
	found := slices.DeleteFunc(list, func(a application) bool { return !strings.EqualFold(a.ID, name) && a.Name != name })
	switch len(found) {
	case 0:
		return application{}, fmt.Errorf("there is no application %q: `%s app list` shows them", name, program())
	case 1:
		return found[0], nil
	}
	return application{}, fmt.Errorf("%d applications are named %q: give the client id", len(found), name)
}

func appList() *cobra.Command {
	var m managing
	return m.flags(&cobra.Command{Use: "list", Short: "List the applications", Args: cobra.NoArgs, RunE: m.with(func(cmd *cobra.Command, _ []string, c *client) error {
		list, err := listApps(cmd, c)
		if err != nil {
			return err
		}
		return rows(&m, cmd.OutOrStdout(), "NAME\tCLIENT ID\tSECRETS\tCERTIFICATES", list, func(a application) []string {
			return []string{a.Name, a.ID, fmt.Sprint(len(a.Secrets)), fmt.Sprint(len(a.Keys))}
		})
	})})
}

func appReset() *cobra.Command {
	var m managing
	var keep bool
	var life time.Duration
	cmd := &cobra.Command{Use: "reset APP", Short: "Give an application a new secret, which is printed once; the old ones are refused", Args: cobra.ExactArgs(1),
		RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
			app, err := findApp(cmd, c, args[0])
			if err != nil {
				return err
			}
			if strings.EqualFold(app.ID, c.operator.ClientID) {
				return fmt.Errorf("%s is the server's operator, whose secret stands in operator.json: stop the server, delete that file, and start it again", app.ID)
			}
			old := app.Secrets
			app.Secrets = nil
			if err := addSecret(cmd, c, &app, life); err != nil {
				return err
			}
			for _, s := range old {
				if keep {
					break
				}
				if _, err := c.call(cmd.Context(), http.MethodPost, appPath(app.ID)+"/removePassword", map[string]any{"keyId": s.ID}, nil); err != nil {
					return err
				}
			}
			return m.showApp(cmd, c, app)
		})}
	cmd.Flags().BoolVar(&keep, "append", false, "keep the old secrets too")
	cmd.Flags().DurationVar(&life, "expires-in", 0, "how long the secret is good, such as 720h (default two years)")
	return m.flags(cmd)
}

func appCertificate() *cobra.Command {
	var m managing
	return m.flags(&cobra.Command{Use: "certificate APP FILE", Short: "Let an application sign in with a certificate's key, too", Args: cobra.ExactArgs(2),
		RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
			app, err := findApp(cmd, c, args[0])
			if err != nil {
				return err
			}
			key, err := readCertificate(args[1])
			if err != nil {
				return err
			}
			if _, err := c.call(cmd.Context(), http.MethodPatch, appPath(app.ID), map[string]any{"keyCredentials": append(app.Keys, key)}, nil); err != nil {
				return err
			}
			if app, err = findApp(cmd, c, app.ID); err != nil {
				return err
			}
			return m.showApp(cmd, c, app)
		})})
}

func appDelete() *cobra.Command {
	var m managing
	return m.flags(&cobra.Command{Use: "delete APP", Short: "Delete an application: its tokens are refused at once", Args: cobra.ExactArgs(1),
		RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
			app, err := findApp(cmd, c, args[0])
			if err != nil {
				return err
			}
			if _, err := c.call(cmd.Context(), http.MethodDelete, appPath(app.ID), nil, nil); err != nil {
				return err
			}
			return m.print(cmd.OutOrStdout(), app, "Deleted", app.Name, "Client id", app.ID)
		})})
}
