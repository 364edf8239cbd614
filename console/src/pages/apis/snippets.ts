// What goes into a gateway's configuration, with this API's slug (docs/gateways.md).

export const gateways = ['nginx', 'HAProxy', 'Caddy', 'Traefik', 'APISIX', 'Envoy'] as const;
export type Gateway = (typeof gateways)[number];

/** `address` is host and port of the verification listener; Envoy speaks gRPC, to the cluster that it calls `claviger`. */
type Snippet = (slug: string, address: string) => string;

const nginx: Snippet = (slug, address) => `location / {
    auth_request     /_claviger;
    auth_request_set $claviger_key_id $upstream_http_claviger_key_id;
    proxy_set_header Claviger-Key-Id  $claviger_key_id;
    proxy_set_header X-API-Key        "";
    proxy_pass http://application;
}
location = /_claviger {
    internal;
    proxy_pass http://${address}/verify/nginx?api=${slug};
    proxy_pass_request_body off;
    proxy_set_header Content-Length    "";
    proxy_set_header X-Original-Method $request_method;
    proxy_set_header X-Original-URI    $request_uri;
    proxy_set_header X-Real-IP         $remote_addr;
    proxy_read_timeout 2s;
}
`;

const haproxy: Snippet = (slug, address) => `global
    lua-load /etc/haproxy/claviger.lua
frontend clients
    http-request del-header connection if { req.fhdr(connection) -m sub -i claviger }
    http-request del-header claviger -m beg
    http-request lua.claviger http://${address}/verify/haproxy?api=${slug}
    http-request del-header x-api-key
    default_backend application
`;

const caddy: Snippet = (slug, address) => `route {
	@names_ours header_regexp Connection (?i)claviger
	request_header @names_ours -Connection
	request_header -Claviger-*
	request_header -Claviger_*
	forward_auth ${address} {
		uri /verify/caddy?api=${slug}
		copy_headers Claviger-Key-Id Claviger-Owner-Id Claviger-Organisation Claviger-Permissions
	}
	request_header -X-Api-Key
	reverse_proxy 127.0.0.1:9000
}
`;

const traefik: Snippet = (slug, address) => `middlewares:
  claviger:
    forwardAuth:
      address: http://${address}/verify/traefik?api=${slug}
      trustForwardHeader: false
      authResponseHeadersRegex: ^Claviger-
`;

const apisix: Snippet = (slug, address) => `plugins:
  forward-auth:
    uri: http://${address}/verify/apisix?api=${slug}
    request_headers: [X-API-Key, Authorization]
    upstream_headers: [Claviger-Key-Id, Claviger-Owner-Id, Claviger-Organisation, Claviger-Permissions]
    timeout: 2000
    allow_degradation: false
`;

const envoy: Snippet = (slug) => `# among the HTTP filters
- name: envoy.filters.http.ext_authz
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
    transport_api_version: V3
    failure_mode_allow: false
    encode_raw_headers: true
    grpc_service: { envoy_grpc: { cluster_name: claviger }, timeout: 2s }

# on the route
typed_per_filter_config:
  envoy.filters.http.ext_authz:
    "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
    check_settings: { context_extensions: { api: ${slug} } }
`;

const snippets: Record<Gateway, Snippet> = { nginx, HAProxy: haproxy, Caddy: caddy, Traefik: traefik, APISIX: apisix, Envoy: envoy };

export function snippet(gateway: Gateway, slug: string, address: string): string {
  return snippets[gateway](slug, address);
}
