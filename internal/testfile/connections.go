package testfile

import (
	"errors"
	"net/url"
	"path"
	"strings"

	"isle/internal/connector/connection"
	"isle/internal/project"
)

// Connections is where the workflows of a project call their connections. A nil
// project has none. The error joins a *project.Problem for each that is wrong.
func Connections(p *project.Project) (connection.Directory, error) {
	if p == nil {
		return nil, nil
	}
	f, err := connection.ReadFile(p.Connections)
	var problems []error
	for _, err := range separate(err) {
		problems = append(problems, &project.Problem{File: project.ConnectionsFile, Cause: err})
	}
	if problems != nil {
		return nil, errors.Join(problems...)
	}
	return f, nil
}

// placeholder is where a mocked call of a connection goes that nobody knows: to the
// host that a function app or an API management service has by its name, or to one
// made of the connection's name, under a domain that never exists.
func placeholder(k connection.Key) string {
	switch k.Kind {
	case connection.Function:
		if app := segment(k.ID, "sites"); app != "" {
			return "https://" + label(app) + ".azurewebsites.net/api/" + url.PathEscape(path.Base(k.ID))
		}
		return "https://" + label(k.Name) + ".function.invalid/api"
	case connection.API:
		if service := segment(k.ID, "service"); service != "" {
			return "https://" + label(service) + ".azure-api.net"
		}
		return "https://" + label(k.Name) + ".api.invalid"
	}
	return "https://" + label(path.Base("/"+k.String())) + ".connection.invalid"
}

// segment is the part of a resource ID that follows a name, "" if there is none.
func segment(id, name string) string {
	parts := strings.Split(id, "/")
	for i := 0; i+1 < len(parts); i++ {
		if strings.EqualFold(parts[i], name) {
			return parts[i+1]
		}
	}
	return ""
}

// label makes a label of a host name out of a name.
func label(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name)
	if clean = strings.Trim(clean, "-"); clean == "" {
		return "unknown"
	}
	return clean
}
