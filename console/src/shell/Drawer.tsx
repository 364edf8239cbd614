import { ActionButton } from '@react-spectrum/s2/ActionButton';
import { style } from '@react-spectrum/s2/style' with { type: 'macro' };
import MenuHamburger from '@react-spectrum/s2/icons/MenuHamburger';
import { useLocation } from '@tanstack/react-router';
import { useState } from 'react';
import { Dialog } from 'react-aria-components/Dialog';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { Logo } from './Logo';
import { Navigation } from './Sidebar';
import { shell } from '@/strings/en/shell';

/** The sidebar on narrow screens. It closes when it has led somewhere. */
export function Drawer() {
  const { pathname } = useLocation();
  // Open on the page where it was opened, so that it closes when it has led to another.
  const [openOn, setOpenOn] = useState<string>();
  const isOpen = openOn === pathname;
  const setOpen = (open: boolean) => setOpenOn(open ? pathname : undefined);
  return (
    <>
      <div className={style({ display: { default: 'block', lg: 'none' } })}>
        <ActionButton isQuiet aria-label={shell.openMenu} onPress={() => setOpen(true)}>
          <MenuHamburger />
        </ActionButton>
      </div>
      <ModalOverlay isOpen={isOpen} onOpenChange={setOpen} isDismissable className={style({ position: 'fixed', inset: 0, zIndex: 10, backgroundColor: 'transparent-black-500' })}>
        <Modal className={style({ position: 'fixed', top: 0, bottom: 0, insetStart: 0, width: 280, maxWidth: 'full', overflowY: 'auto', backgroundColor: 'base', boxShadow: 'elevated' })}>
          <Dialog aria-label={shell.nav} className={style({ outlineStyle: 'none' })}>
            <div className={style({ display: 'flex', alignItems: 'center', height: 56, paddingX: 20 })}>
              <Logo />
            </div>
            <Navigation />
          </Dialog>
        </Modal>
      </ModalOverlay>
    </>
  );
}
