package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

// directoryGroup is a group as the directory shows it.
type directoryGroup struct {
	ID          string `json:"id"`
	Name        string `json:"displayName"`
	Description string `json:"description,omitempty"`
}

const groupsPath = "/v1.0/groups"

func groupCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "group", Short: "Manage groups of users and applications, which roles can be given to"}
	cmd.AddCommand(groupCreate(), groupList(), groupDelete(), groupMembers(),
		groupChange("add", "Make a user, an application or a group a member of a group"),
		groupChange("remove", "Take a member out of a group"))
	return cmd
}

func groupCreate() *cobra.Command {
	var m managing
	var description string
	cmd := &cobra.Command{Use: "create NAME", Short: "Make a group", Args: cobra.ExactArgs(1),
		Example: "  isle group create developers\n  isle group add developers ann\n  isle role create Contributor --assignee developers -g integration",
		RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
			body := map[string]any{"displayName": args[0], "mailNickname": nickname(args[0]), "mailEnabled": false, "securityEnabled": true, "description": description}
			var made directoryGroup
			if _, err := c.call(cmd.Context(), http.MethodPost, groupsPath, body, &made); err != nil {
				return err
			}
			return m.print(cmd.OutOrStdout(), made, "Group", made.Name, "Object id", made.ID)
		})}
	cmd.Flags().StringVar(&description, "description", "", "what it is for")
	return m.flags(cmd)
}

// nickname is a name without what mail addresses cannot have; the directory asks for one.
func nickname(name string) string {
	plain := strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("._-", c) {
			return c
		}
		return -1
	}, name)
	if plain == "" {
		return "group"
	}
	return plain
}

func listGroups(cmd *cobra.Command, c *client) ([]directoryGroup, error) {
	var found struct{ Value []directoryGroup }
	_, err := c.call(cmd.Context(), http.MethodGet, groupsPath, nil, &found)
	return found.Value, err
}

// findGroup finds a group by its name or object id.
func findGroup(cmd *cobra.Command, c *client, name string) (directoryGroup, error) {
	list, err := listGroups(cmd, c)
	if err != nil {
		return directoryGroup{}, err
	}
	var found []directoryGroup
	for _, g := range list {
		if g.Name == name || strings.EqualFold(g.ID, name) {
			found = append(found, g)
		}
	}
	switch len(found) {
	case 0:
		return directoryGroup{}, fmt.Errorf("there is no group %q: `%s group list` shows those there are", name, program())
	case 1:
		return found[0], nil
	}
	return directoryGroup{}, fmt.Errorf("%d groups are named %q: give the object id of one", len(found), name)
}

func groupList() *cobra.Command {
	var m managing
	return m.flags(&cobra.Command{Use: "list", Short: "List the groups", Args: cobra.NoArgs, RunE: m.with(func(cmd *cobra.Command, _ []string, c *client) error {
		list, err := listGroups(cmd, c)
		if err != nil {
			return err
		}
		return rows(&m, cmd.OutOrStdout(), "GROUP\tDESCRIPTION\tOBJECT ID", list, func(g directoryGroup) []string { return []string{g.Name, g.Description, g.ID} })
	})})
}

func groupDelete() *cobra.Command {
	var m managing
	return m.flags(&cobra.Command{Use: "delete GROUP", Short: "Delete a group; its members stay", Args: cobra.ExactArgs(1), RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
		g, err := findGroup(cmd, c, args[0])
		if err != nil {
			return err
		}
		if _, err := c.call(cmd.Context(), http.MethodDelete, groupsPath+"/"+g.ID, nil, nil); err != nil {
			return err
		}
		return m.print(cmd.OutOrStdout(), g, "Deleted", g.Name)
	})})
}

func groupMembers() *cobra.Command {
	var m managing
	return m.flags(&cobra.Command{Use: "members GROUP", Short: "List the members of a group", Args: cobra.ExactArgs(1), RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
		g, err := findGroup(cmd, c, args[0])
		if err != nil {
			return err
		}
		var found struct{ Value []directoryObject }
		if _, err := c.call(cmd.Context(), http.MethodGet, groupsPath+"/"+g.ID+"/members", nil, &found); err != nil {
			return err
		}
		return rows(&m, cmd.OutOrStdout(), "MEMBER\tTYPE\tOBJECT ID", found.Value, func(o directoryObject) []string { return []string{o.shown(), o.kind(), o.ID} })
	})})
}

func groupChange(verb, short string) *cobra.Command {
	var m managing
	return m.flags(&cobra.Command{Use: verb + " GROUP MEMBER", Short: short, Args: cobra.ExactArgs(2), RunE: m.with(func(cmd *cobra.Command, args []string, c *client) error {
		g, err := findGroup(cmd, c, args[0])
		if err != nil {
			return err
		}
		member, err := findPrincipal(cmd, c, args[1])
		if err != nil {
			return err
		}
		if verb == "add" {
			_, err = c.call(cmd.Context(), http.MethodPost, groupsPath+"/"+g.ID+"/members/$ref", map[string]any{"@odata.id": c.operator.Endpoint + "/v1.0/directoryObjects/" + member.ID}, nil)
		} else {
			_, err = c.call(cmd.Context(), http.MethodDelete, groupsPath+"/"+g.ID+"/members/"+url.PathEscape(member.ID)+"/$ref", nil, nil)
		}
		if err != nil {
			return err
		}
		return m.print(cmd.OutOrStdout(), member, "Group", g.Name, "Member", member.shown(), "Done", verb)
	})})
}
