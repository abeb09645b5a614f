"""nfs-ganesha (Debian 4.3) as the reference server."""
import os
import subprocess
import time

from guest import SERVER_ADDRESS, run
from server import START_S, Server, kill

SQUASH = {'none': 'No_Root_Squash', 'root': 'Root_Squash', 'all': 'All_Squash'}
NOBODY = 65534


class Ganesha(Server):
    """Exports FOLDER/export. Version 3 needs an rpcbind, and its locks a statd; rpcbind's socket in /run is seen from
    every network namespace: so /run becomes this check's own first."""
    name = 'ganesha'
    nfs_port = 20049
    mount_port = 20048
    nlm_port = 20050
    exact_listings = False
    remembers_replies = False
    has_rpcbind = False  # one serves all that a check starts

    def __init__(self, folder, exports=None, core='', locks=False, **_):
        """`core`: more settings of NFS_CORE_PARAM; `locks`: with NLM."""
        super().__init__(folder, exports)
        self.core, self.locks = core, locks
        self.config_path = os.path.join(folder, 'ganesha.conf')
        self.export_folder = os.path.join(folder, 'export')

    def write_config(self):
        os.makedirs(os.path.join(self.folder, 'recovery'), exist_ok=True)
        text = f'''NFS_CORE_PARAM {{ NFS_Port = {self.nfs_port}; MNT_Port = {self.mount_port}; Protocols = 3;
  Enable_NLM = {str(self.locks).lower()}; NLM_Port = {self.nlm_port}; Enable_RQUOTA = false; Bind_addr = {SERVER_ADDRESS};
  Mount_Path_Pseudo = true; {self.core} }}
NFSV4 {{ Graceless = true; RecoveryRoot = {self.folder}/recovery; }}
NFS_KRB5 {{ Active_krb5 = false; }}
LOG {{ Default_Log_Level = EVENT; }}
'''
        for number, export in enumerate(self.exports, 1):
            path = os.path.normpath(f'{self.export_folder}/{export.subtree}')
            os.makedirs(path, exist_ok=True)
            text += f'''EXPORT {{ Export_Id = {number}; Path = {path}; Pseudo = {export.path}; SecType = sys;
  Access_Type = {export.access.upper()}; Squash = {SQUASH[export.squash]}; Anonymous_Uid = {NOBODY};
  Anonymous_Gid = {NOBODY}; Protocols = 3; Transports = TCP;
  FSAL {{ Name = VFS; }} }}
'''
        with open(self.config_path, 'w') as file:
            file.write(text)

    def _start_rpcbind(self):
        for folder in ('/run', '/var/lib/nfs'):
            run('mount', '-t', 'tmpfs', 'tmpfs', folder)
        for folder in ('/run/rpcbind', '/run/lock', '/run/sendsigs.omit.d', '/var/lib/nfs/sm', '/var/lib/nfs/sm.bak'):
            os.makedirs(folder)
        self._launch(['rpcbind', '-f'])
        deadline = time.monotonic() + START_S
        while subprocess.run(['rpcinfo', '-p', '127.0.0.1'], capture_output=True).returncode != 0:
            if time.monotonic() > deadline:
                raise RuntimeError(f'rpcbind does not answer: {self.log_tail()}')
            time.sleep(0.1)
        Ganesha.has_rpcbind = True

    def start(self):
        self.write_config()
        if not self.has_rpcbind:
            self._start_rpcbind()
        if self.locks:
            self._launch(['rpc.statd', '--no-notify'])
        self.process = self._launch(['ganesha.nfsd', '-F', '-f', self.config_path, '-L',
                                     os.path.join(self.folder, 'ganesha.log'), '-p',
                                     os.path.join(self.folder, 'ganesha.pid')])
        self._await_port()

    def stop(self):
        """Ganesha 4.3 may crash while it shuts down, so its status says nothing."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill_all()

    def mover_pids(self):
        return [self.process.pid]

    def kill_mover(self):
        self.kill_all()

    def await_mover(self):
        """Nothing starts ganesha again but us."""
        self.start()

    def kill_supervisor(self):
        kill(self.process.pid)
        self.process.wait()
        return []

    def check_offline(self):
        return None
