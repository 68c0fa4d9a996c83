/* loader.c — dlclose: the one call of the loader that the shim has to see.
 *
 * After it an address may mean another library. dlopen is left alone: a module is recorded when one of its
 * addresses is first seen, and a wrapper would cost the caller its RUNPATH and $ORIGIN.
 */
#include "shim/modules.h"
#include "shim/real.h"
#include "shim/process.h"
#include "shim/python/hooks.h"

EXPORT int dlclose(void *handle) {
    if (!real_available() || !real.dlclose)
        return -1;
    python_call.paused++;
    int result = real.dlclose(handle);
    python_call.paused--;
    if (process && load_acquire(&process->phase) == PROCESS_TRACED)
        modules_refresh();
    return result;
}
