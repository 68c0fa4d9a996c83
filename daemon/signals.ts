/**
 * Signals that were meant for the program and come to the daemon, too: `systemctl stop` sends one to every process of
 * a service, `pkill -f` to each whose command line names the program.
 *
 * They are the program's to answer. The daemon ends after it, with the report, or when its launcher has gone.
 */
const MEANT_FOR_THE_PROGRAM = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;

/** For good. Without a listener all of them kill, but SIGUSR1, at which Node.js opens a port for debuggers. */
export const letSignalsPass = (): void => {
  for (const signal of MEANT_FOR_THE_PROGRAM) process.on(signal, () => {});
};
