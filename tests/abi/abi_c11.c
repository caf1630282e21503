/* The whole contract in strict C11: a plugin may be written without any C++. */
#include <sluice/abi.h>

static sluice_status create(const sluice_host* host, sluice_str config, void** self, sluice_error* error) {
  (void)host;
  (void)config;
  (void)error;
  *self = NULL;
  return SLUICE_OK;
}
static void destroy(void* self) { (void)self; }

static const sluice_domain_v1 domain = {sizeof(sluice_domain_v1), 0, create, destroy, NULL};
static const sluice_component component = {sizeof(sluice_component), "domain", "plain", &domain};
static const sluice_component* const components[] = {&component};
static const sluice_plugin plugin = {
    sizeof(sluice_plugin), SLUICE_ABI_MAJOR, SLUICE_ABI_MINOR, 1, {"{}", 2}, components};

const sluice_plugin* sluice_plugin_v1(void);
const sluice_plugin* sluice_plugin_v1(void) { return &plugin; }

int sluice_has_retry_after(const sluice_error* e);
int sluice_has_retry_after(const sluice_error* e) { return SLUICE_HAS(e, sluice_error, retry_after_ms); }
