"""A mail server that behaves as it is told: what it has taken goes, a JSON object a line, into a file.

mail_server.py PORT LETTERS MODE says on which port it listens (a free one where PORT is 0), where MODE is a file that holds one of
  take       takes everything
  refuse     refuses addresses that begin with "gone", for good (550)
  greylist   puts each address off once (451)
  hang       never answers once it has the letter
  die        takes the letter down and ends without having said so
"""

import asyncio
import email
import email.policy
import json
import os
import sys

from aiosmtpd.smtp import SMTP

port, letters, mode_file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
put_off = set()


def mode():
    with open(mode_file) as file:
        return file.read().strip()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if mode() == "refuse" and address.startswith("gone"):
            return "550 5.1.1 nobody of that name"
        if mode() == "greylist" and address not in put_off:
            put_off.add(address)
            return "451 4.7.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = lambda kind: message.get_body(preferencelist=(kind,)).get_content().replace("\r\n", "\n")
        letter = {
            "to": envelope.rcpt_tos[0],
            "id": message["Message-ID"],
            "from": message["From"],
            "subject": message["Subject"],
            "auto": message["Auto-Submitted"],
            "text": part("plain"),
            "html": part("html"),
        }
        if mode() == "hang":
            open(letters + ".hanging", "w").close()
            await asyncio.sleep(3600)
        with open(letters, "a") as file:
            file.write(json.dumps(letter) + "\n")
        if mode() == "die":
            os._exit(1)
        return "250 OK"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), enable_SMTPUTF8=True), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
