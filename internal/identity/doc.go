// Package identity is who calls the resource manager: a token issuer with one tenant, its
// people and applications, and the certificate authority of the server's own TLS. What a
// caller may do is decided in internal/access.
//
// [Service] answers the paths of an OpenID Connect issuer as Microsoft Entra does, so that
// unmodified SDKs and the az CLI sign in with it: applications by their secrets or by
// assertions that the key of a certificate signed (token.go, assertion.go); people by a
// page, with an authorization code and PKCE or a device code (authorize.go, device.go,
// page.go), by name and password, and by refresh tokens that are good once (refresh.go); to
// the server's own pages, by a refresh token that is bound to the browser (portal.go). It
// verifies the tokens (arm.Authenticator). The directory, with groups that roles can be given
// to, is managed by a part of Microsoft Graph (graph.go), and each change is recorded with
// who made it (audit.go). [Authority] makes and renews the server's certificate.
//
// What is kept: the issuer's keys, the authority's key, people, applications and sign-ins,
// all sealed as settings of the control database. Of a secret or password there is only a
// hash (argon2id), of a refresh token its number; a secret leaves the package once, from
// the call that makes it, and none stands in a log or an error. Failed logins are counted
// by address and by person.
package identity
