"""Reading files that strangers send: in a child process with limits, never in the serving one.

A workbook of 5 KB with one cell at XFD1048576 makes every fast reader abort its whole process. This
package stays empty at the top, so that the child starts without the rest of the hub.
"""
