"""Reads every page of some lists, one after another, and keeps nothing:  read_all.py URL TOKEN NEXT PATH...

What the upstream alone takes. NEXT is the name of the next cursor in a page. Prints the number of records.
"""
import http.client
import re
import sys


def records_of(connection, token, pattern, path):
    cursor, count = "", 0
    while True:
        connection.request("GET", path + ("&cursor=" + cursor if cursor else ""), headers={"Authorization": "Bearer " + token})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit("%s: status %d" % (path, answer.status))
        count += body.count(b'{"id":')
        found = re.search(pattern, body[-200:])
        if not found:
            return count
        cursor = found[1].decode()


def main(url, token, name, *paths):
    connection = http.client.HTTPConnection(url.split("//")[1])
    pattern = b'"%s": ?"([^"]+)"' % name.encode()
    print(sum(records_of(connection, token, pattern, path) for path in paths))


if __name__ == "__main__":
    main(*sys.argv[1:])
