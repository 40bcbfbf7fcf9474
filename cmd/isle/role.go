package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"isle/internal/identity"
)

const authorization = "/providers/Microsoft.Authorization/"
const authorizationVersion = "?api-version=2022-04-01"

// roleAssignment is a role assignment as it is shown.
type roleAssignment struct {
	ID        string `json:"id"`
	Role      string `json:"role"`
	Principal string `json:"principalId"`
	Name      string `json:"principalName"`
	Kind      string `json:"principalType"`
	Scope     string `json:"scope"`
}

type roleDefinition struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Properties struct {
		RoleName    string `json:"roleName"`
		Type        string `json:"type"`
		Description string `json:"description"`
	} `json:"properties"`
}

func roleCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "role", Short: "Give roles to people and applications, and take them away"}
	cmd.AddCommand(roleCreate(), roleList(), roleDelete(), roleDefinitions())
	return cmd
}

// scopeFlags say where a role is given.
type scopeFlags struct{ scope, group string }

func (f *scopeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.scope, "scope", "", "the ID of what it is for (default the subscription)")
	cmd.Flags().StringVarP(&f.group, "group", "g", "", "the resource group it is for")
	cmd.Flags().StringVar(&f.group, "resource-group", "", "the same")
	_ = cmd.Flags().MarkHidden("resource-group") // of earlier releases; the flag is there
}

func (f *scopeFlags) of(c *client) string {
	switch {
	case f.scope != "":
		return "/" + strings.Trim(f.scope, "/")
	case f.group != "":
		return c.group(f.group)
	}
	return "/subscriptions/" + c.operator.SubscriptionID
}

func listRoles(cmd *cobra.Command, c *client, scope string) ([]roleDefinition, error) {
	var found struct{ Value []roleDefinition }
	_, err := c.call(cmd.Context(), http.MethodGet, scope+authorization+"roleDefinitions"+authorizationVersion, nil, &found)
	return found.Value, err
}

// findRole finds a role by its name or GUID.
func findRole(cmd *cobra.Command, c *client, scope, name string) (roleDefinition, error) {
	list, err := listRoles(cmd, c, scope)
	if err != nil {
		return roleDefinition{}, err
	}
	var names []string
	for _, r := range list {
		if strings.EqualFold(r.Properties.RoleName, name) || strings.EqualFold(r.Name, name) {
			return r, nil
		}
		names = append(names, r.Properties.RoleName)
	}
	return roleDefinition{}, fmt.Errorf("there is no role %q; there are: %s", name, strings.Join(names, ", "))
}

// directoryObject is whom a role is given to.
type directoryObject struct {
	ID    string `json:"id"`
	AppID string `json:"appId"`
	Name  string `json:"displayName"`
	UPN   string `json:"userPrincipalName"`
	Type  string `json:"@odata.type"`
}

func (o directoryObject) kind() string {
	switch o.Type {
	case "#microsoft.graph.group":
		return "Group"
	case "#microsoft.graph.servicePrincipal":
		return "ServicePrincipal"
	}
	if o.AppID != "" {
		return "ServicePrincipal"
	}
	return "User"
}

func (o directoryObject) shown() string {
	if o.UPN != "" {
		return o.UPN
	}
	return o.Name
}

// assignee says to whom a role is given: by a name, or as a trusted issuer names them.
type assignee struct{ name, issuer, subject string }

func (a *assignee) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.name, "assignee", "", "a user's name, an application's client id, a group's name, or an object id")
	cmd.Flags().StringVar(&a.issuer, "issuer", "", "instead: an issuer that the server trusts (--trust-issuer)")
	cmd.Flags().StringVar(&a.subject, "subject", "", "and whom it names: sub of its tokens")
	cmd.MarkFlagsRequiredTogether("issuer", "subject")
	cmd.MarkFlagsOneRequired("assignee", "issuer")
	cmd.MarkFlagsMutuallyExclusive("assignee", "issuer")
}

func (a *assignee) find(cmd *cobra.Command, c *client) (directoryObject, error) {
	if a.issuer != "" {
		return directoryObject{ID: identity.ExternalID(a.issuer, a.subject), UPN: a.subject}, nil
	}
	return findPrincipal(cmd, c, a.name)
}

// findPrincipal finds a user by name, an application by client id or name, a group by
// name, and each by object id.
func findPrincipal(cmd *cobra.Command, c *client, name string) (directoryObject, error) {
	var found directoryObject
	if _, err := c.call(cmd.Context(), http.MethodGet, "/v1.0/directoryObjects/"+url.PathEscape(name), nil, &found); err == nil && found.AppID != found.ID {
		return found, nil
	}
	if _, p, err := fullName(cmd, c, name); err == nil {
		return directoryObject{ID: p.ID, UPN: p.UPN, Name: p.Name}, nil
	}
	var list struct{ Value []directoryObject }
	if _, err := c.call(cmd.Context(), http.MethodGet, "/v1.0/servicePrincipals", nil, &list); err != nil {
		return found, err
	}
	matched := 0
	for _, sp := range list.Value {
		if strings.EqualFold(sp.AppID, name) || sp.Name == name {
			found, matched = sp, matched+1
		}
	}
	groups, err := listGroups(cmd, c)
	if err != nil {
		return found, err
	}
	for _, g := range groups {
		if g.Name == name {
			found, matched = directoryObject{ID: g.ID, Name: g.Name, Type: "#microsoft.graph.group"}, matched+1
		}
	}
	if matched == 0 {
		return found, fmt.Errorf("no user, application or group is known as %q: give the name of a user or a group, or the client id of an application", name)
	}
	if matched > 1 {
		return found, fmt.Errorf("%d applications or groups are named %q: give the client id or the object id of one", matched, name)
	}
	return found, nil
}

func roleCreate() *cobra.Command {
	var m managing
	var at scopeFlags
	var who assignee
	cmd := &cobra.Command{Use: "create ROLE --assignee WHO", Short: "Give a role: by its name or GUID, to a user or an application", Args: cobra.ExactArgs(1),
		Example: "  isle role create Reader --assignee ann@isle.local\n  isle role create 'Logic App Contributor' --assignee CLIENT-ID -g integration",
		RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
			scope := at.of(c)
			role, err := findRole(cmd, c, scope, args[0])
			if err != nil {
				return err
			}
			to, err := who.find(cmd, c)
			if err != nil {
				return err
			}
			a, err := giveRole(cmd, c, scope, role, to)
			if err != nil {
				return err
			}
			return m.print(cmd.OutOrStdout(), a, "Role", a.Role, "Given to", a.Name, "Scope", a.Scope, "Id", a.ID)
		})}
	who.add(cmd)
	at.add(cmd)
	return m.flags(cmd)
}

// giveRole makes a role assignment.
func giveRole(cmd *cobra.Command, c *client, scope string, role roleDefinition, to directoryObject) (roleAssignment, error) {
	body := map[string]any{"properties": map[string]any{"roleDefinitionId": role.ID, "principalId": to.ID, "principalType": to.kind()}}
	var made struct{ ID string }
	_, err := c.call(cmd.Context(), http.MethodPut, scope+authorization+"roleAssignments/"+newGUID()+authorizationVersion, body, &made)
	return roleAssignment{made.ID, role.Properties.RoleName, to.ID, to.shown(), to.kind(), scope}, err
}

func newGUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// listAssignments reads the assignments at, above and below a scope, with names.
func listAssignments(cmd *cobra.Command, c *client, scope string) ([]roleAssignment, error) {
	roles, err := listRoles(cmd, c, scope)
	if err != nil {
		return nil, err
	}
	var found struct {
		Value []struct {
			ID         string
			Properties struct{ RoleDefinitionID, PrincipalID, PrincipalType, Scope string }
		}
	}
	if _, err := c.call(cmd.Context(), http.MethodGet, scope+authorization+"roleAssignments"+authorizationVersion, nil, &found); err != nil {
		return nil, err
	}
	var ids []string
	for _, v := range found.Value {
		ids = append(ids, v.Properties.PrincipalID)
	}
	var known struct{ Value []directoryObject }
	if _, err := c.call(cmd.Context(), http.MethodPost, "/v1.0/directoryObjects/getByIds", map[string]any{"ids": ids}, &known); err != nil {
		return nil, err
	}
	var list []roleAssignment
	for _, v := range found.Value {
		a := roleAssignment{ID: v.ID, Principal: v.Properties.PrincipalID, Kind: v.Properties.PrincipalType, Scope: v.Properties.Scope}
		for _, r := range roles {
			if strings.EqualFold(r.Name, v.Properties.RoleDefinitionID[strings.LastIndexByte(v.Properties.RoleDefinitionID, '/')+1:]) {
				a.Role = r.Properties.RoleName
			}
		}
		for _, o := range known.Value {
			if strings.EqualFold(o.ID, a.Principal) {
				a.Name = o.shown()
			}
		}
		list = append(list, a)
	}
	return list, nil
}

func roleList() *cobra.Command {
	var m managing
	var at scopeFlags
	cmd := &cobra.Command{Use: "list", Short: "List who has which role", Args: cobra.NoArgs, RunE: m.with(func(cmd *cobra.Command, _ []string, c *client) error {
		list, err := listAssignments(cmd, c, at.of(c))
		if err != nil {
			return err
		}
		return rows(&m, cmd.OutOrStdout(), "ROLE\tGIVEN TO\tTYPE\tSCOPE", list, func(a roleAssignment) []string {
			if a.Name == "" {
				a.Name = a.Principal
			}
			return []string{a.Role, a.Name, a.Kind, a.Scope}
		})
	})}
	at.add(cmd)
	return m.flags(cmd)
}

func roleDelete() *cobra.Command {
	var m managing
	var at scopeFlags
	var who assignee
	cmd := &cobra.Command{Use: "delete ROLE --assignee WHO", Short: "Take a role away", Args: cobra.ExactArgs(1), RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
		scope := at.of(c)
		role, err := findRole(cmd, c, scope, args[0])
		if err != nil {
			return err
		}
		to, err := who.find(cmd, c)
		if err != nil {
			return err
		}
		list, err := listAssignments(cmd, c, scope)
		if err != nil {
			return err
		}
		for _, a := range list {
			if a.Role == role.Properties.RoleName && strings.EqualFold(a.Principal, to.ID) && strings.EqualFold(a.Scope, scope) {
				if _, err := c.call(cmd.Context(), http.MethodDelete, a.ID+authorizationVersion, nil, nil); err != nil {
					return err
				}
				return m.print(cmd.OutOrStdout(), a, "Taken away", a.Role, "From", a.Name, "Scope", a.Scope)
			}
		}
		return fmt.Errorf("%s does not have the role %s at %s: `%s role list` shows who has which", to.shown(), role.Properties.RoleName, scope, program())
	})}
	who.add(cmd)
	at.add(cmd)
	return m.flags(cmd)
}

func roleDefinitions() *cobra.Command {
	var m managing
	return m.flags(&cobra.Command{Use: "definitions", Short: "List the roles that can be given", Args: cobra.NoArgs, RunE: m.with(func(cmd *cobra.Command, _ []string, c *client) error {
		list, err := listRoles(cmd, c, "/subscriptions/"+c.operator.SubscriptionID)
		if err != nil {
			return err
		}
		return rows(&m, cmd.OutOrStdout(), "ROLE\tTYPE\tGUID\tDESCRIPTION", list, func(r roleDefinition) []string {
			return []string{r.Properties.RoleName, r.Properties.Type, r.Name, r.Properties.Description}
		})
	})})
}
